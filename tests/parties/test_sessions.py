"""A browser session can be found from its person, so that it goes with the person."""

import pytest
from django.contrib.auth import SESSION_KEY
from django.utils import timezone

from tillit.parties.models import Login, Session
from tillit.parties.sessions import SessionStore


@pytest.mark.django_db
def test_a_session_names_its_login_and_goes_with_it() -> None:
    login = Login.objects.create(subject_id=41, created_at=timezone.now())
    store = SessionStore()
    store[SESSION_KEY] = str(login.pk)
    store.create()
    assert Session.objects.filter(login__subject_id=41).count() == 1
    assert SessionStore(store.session_key)[SESSION_KEY] == str(login.pk)
    login.delete()
    assert not Session.objects.filter(session_key=store.session_key).exists()
    assert SessionStore(store.session_key).get(SESSION_KEY) is None


@pytest.mark.django_db
def test_a_visitor_has_a_session_of_nobody() -> None:
    store = SessionStore()
    store["theme"] = "dark"
    store.create()
    assert Session.objects.get(session_key=store.session_key).login_id is None
