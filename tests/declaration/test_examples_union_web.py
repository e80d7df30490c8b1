"""The unions' declarations about cookies, visits and what is outside the EEA (G1, G2, G3, H13), to the day."""

import pytest

from tests.declaration.test_examples_union_benefits import ADVERTISING, UNIONS, cookies, declaration

ANALYTICS = ["__utma", "__utmb", "__utmc", "__utmz"]
LIVE_VIEW = ["_ff_prevReqData", "ff_1st_sess", "ff_accept_cookies", "ff_uslvid", "ff_usvid", "ff_uvid", "vm_app"]
ADVERTISERS = [
    "anj",
    "C",
    "CfP",
    "cid",
    "DCID",
    "eid",
    "everest_g_v2",
    "everest_session_v2",
    "GCM",
    "gglck",
    "ibbid",
    "id",
    "JEB2",
    "KRTBCOOKIE_391",
    "meld_sess",
    "PUBRETARGET",
    "put_2676",
    "rpb",
    "rpx",
    "sess",
    "TPC",
    "tu",
    "tuuid",
    "uid",
    "UM1",
    "um",
    "umeh",
    "uu",
    "uuid2",
    "VAR",
    "vi",
    "vm_app",
    "wt_no1575",
    "wt_no3099",
]


@pytest.mark.parametrize("key", UNIONS)
def test_g1_four_analytics_and_seven_live_view_cookies(key):
    assert [item.name for item in cookies(key, "analytics")] == ANALYTICS
    assert [item.name for item in cookies(key, "live_view")] == LIVE_VIEW
    assert (len(ANALYTICS), len(LIVE_VIEW)) == (4, 7)


@pytest.mark.parametrize("key", ADVERTISING)
def test_g1_thirty_four_advertiser_cookies_and_one_name_in_two_lists(key):
    assert [item.name for item in cookies(key, "advertisers")] == ADVERTISERS
    assert len(ADVERTISERS) == 34
    names = [(item.name, item.group, item.storage) for item in declaration(key).cookies.items]
    assert len(names) == len(set(names)) == 54
    assert sorted(group for name, group, _ in names if name == "vm_app") == ["advertisers", "live_view"]


def test_g1_lives_of_the_analytics_cookies():
    lives = {item.name: (item.life.type, item.life.period) for item in cookies("lyngheim", "analytics")}
    assert lives == {
        "__utma": ("rolling", "P2Y"),
        "__utmb": ("session", None),
        "__utmc": ("session", None),
        "__utmz": ("fixed", "P6M"),
    }


@pytest.mark.parametrize("key", UNIONS)
def test_g1_lives_of_the_live_view_and_necessary_cookies(key):
    lives = {item.name: (item.life.type, item.life.period) for item in cookies(key, "live_view")}
    assert lives == {
        "_ff_prevReqData": ("session", None),
        "ff_1st_sess": ("session", None),
        "ff_accept_cookies": ("fixed", "P4W"),
        "ff_uslvid": ("rolling", "P1Y"),
        "ff_usvid": ("session", None),
        "ff_uvid": ("rolling", "P1Y"),
        "vm_app": ("session", None),
    }
    lives = {item.name: (item.life.type, item.life.period) for item in cookies(key, "necessary")}
    assert lives == {
        "tillit_session": ("fixed", "P1D"),
        "tillit_csrf": ("fixed", "P1Y"),
        "tillit_cookie_choice": ("fixed", "P4W"),
        "tillit_no_visits": ("fixed", "P1Y"),
        "tillit_language": ("session", None),
        f"/{key}/app/worker.js": ("until_removed", None),
        f"tillit-{key}-frame": ("until_removed", None),
        f"tillit-{key}-kept": ("until_removed", None),
    }


@pytest.mark.parametrize("key", ADVERTISING)
def test_g1_no_advertiser_cookie_outlives_thirteen_months(key):
    assert {item.life.period for item in cookies(key, "advertisers")} == {None, "P4W", "P3M", "P13M"}
    assert all(item.processor in {"annonsehavn", "skiltgata", "torgprat"} for item in cookies(key, "advertisers"))


@pytest.mark.parametrize("key", UNIONS)
def test_g2_only_necessary_cookies_before_consent_and_the_choice_lives_four_weeks(key):
    policy = declaration(key).cookies
    assert (policy.choice_lives, policy.respects_gpc) == ("P4W", True)
    own = [item for item in policy.items if item.owner == "Samklang Fordel"]
    assert {item.kind for item in own} == {"necessary"}
    assert all(item.kind != "necessary" for item in policy.items if item not in own)
    assert {item.group for item in policy.items} == set(policy.purposes)


@pytest.mark.parametrize("key", UNIONS)
def test_g3_visits_are_kept_a_year_singly_and_figures_without_limit(key):
    visits = declaration(key).visit_statistics
    assert (visits.individual, visits.aggregates, visits.address_truncated) == ("P1Y", "unlimited", True)


@pytest.mark.parametrize("key", UNIONS)
def test_h13_only_analytics_is_outside_the_eea_and_its_ground_is_named(key):
    union = declaration(key)
    assert {p.key for p in union.processors if p.country == "US"} == {"malestokk_analyse"}
    assert {p.country for p in union.processors} <= {"NO", "IE", "DK", "US"}
    (transfer,) = union.transfers
    assert (transfer.to, transfer.country, transfer.ground) == ("malestokk_analyse", "US", "standard_clauses")
