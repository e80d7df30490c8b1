"""Use and cost on Min side and in the app: hour, day, month and year of a point, with the calculation (E3, E4)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.faces import usage_shown
from tillit.faces.member_web.access import Member, member_page
from tillit.kernel import clock
from tillit.power import looking, periods
from tillit.power.looking import NoSuchPointError, Page, rows_for_file
from tillit.power.queries import app_users

APP, PLAIN = "energy_insight", "self_service"


@require_safe
@member_page
def show(request: HttpRequest, member: Member, number: int = 1, period: str = "") -> HttpResponse:
    """A period of a point; the month of the latest values first."""
    page, in_app = _page(member, number, period)
    shown = usage_shown.context(page, clock.today())
    return render(request, "member_web/consumption.html", member.context(page="consumption", in_app=in_app, **shown))


@require_safe
@member_page
def download(request: HttpRequest, member: Member, number: int, period: str) -> HttpResponse:
    """The same as a file: hours of a day or a month, days of a year."""
    page, in_app = _page(member, number, period)
    if page.point is None or page.looked is None:
        raise Http404
    with member.scope(APP if in_app else PLAIN):
        rows = rows_for_file(point=page.point, controller=member.site.key, looked=page.looked, today=clock.today())
    answer = HttpResponse(usage_shown.file_of(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{member.site.key}-{page.looked}.csv"'
    return answer


def _page(member: Member, number: int, period: str) -> tuple[Page, bool]:
    """The page, and whether the person uses the app: what is derived for it is shown to its users alone (E7)."""
    if not member.site.has_power:
        raise Http404
    looked = periods.parse(period) if period else None
    if period and looked is None:
        raise Http404
    with member.scope(PLAIN):
        in_app = bool(app_users(controller_id=member.site.controller.pk, subject_ids=member.people))
    try:
        with member.scope(APP if in_app else PLAIN):
            page = looking.page(
                subject_ids=member.people,
                controller_id=member.site.controller.pk,
                controller=member.site.key,
                number=number,
                looked=looked,
                today=clock.today(),
                beside=in_app,
            )
    except NoSuchPointError:
        raise Http404 from None
    return page, in_app
