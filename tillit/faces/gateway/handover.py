"""People of another installation's controller come in, each sealed and signed (A10)."""

import base64
import binascii
import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tillit.faces.gateway.signed import refused
from tillit.kernel import clock
from tillit.privacy.errors import PackageError
from tillit.privacy.handover import arriving


@csrf_exempt
@require_POST
def come_in(request: HttpRequest) -> HttpResponse:
    """`message`: base64 of a parcel sealed for this installation. Its signed receipt; 409 with a code where it is not
    taken in. The signature in it is what lets in: of a key whose fingerprint our staff have confirmed.
    """
    try:
        message = base64.b64decode(json.loads(request.body)["message"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error, RawPostDataException):
        # Also a body nested without end, and a form, which was read as such.
        return refused(400, "body-unreadable")
    try:
        receipt = arriving.take(message=message, at=clock.now())
    except PackageError as error:
        return refused(409, error.code)
    return JsonResponse(receipt.model_dump())
