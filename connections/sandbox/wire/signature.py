"""Is a request's signature right? (remoteit-api reference, section 1.5, scheme A)

What the vendor insists on is not documented: which headers must be signed, how far a date may be off, and the words of
a refusal are invented here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from email.utils import parsedate_to_datetime

from connections.sandbox.wire.http import Request

PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|(\d+))')


class BadSignatureError(Exception):
    """str() says what is wrong with it."""


def is_signed(request: Request) -> bool:
    return request.headers.get("authorization", "").partition(" ")[0].lower() == "signature"


def check(request: Request, key_id: str, secret: str, now: float, skew_s: int) -> None:
    """Raise BadSignatureError unless the request is signed with this key. `now`: Unix seconds; `skew_s` 0: any date."""
    try:
        moments = signed_at(request, key_id, base64.b64decode(secret))
    except (ValueError, TypeError) as error:
        raise BadSignatureError(f"signature cannot be read: {error}") from error
    if skew_s and any(abs(now - moment) > skew_s for moment in moments):
        raise BadSignatureError("date is too far off")
    wanted = f"SHA-256={base64.b64encode(hashlib.sha256(request.body).digest()).decode()}"
    if request.headers.get("digest", wanted) != wanted:
        raise BadSignatureError("digest does not fit the body")


def signed_at(request: Request, key_id: str, secret: bytes) -> list[float]:
    """Check `Authorization: Signature …`, over whatever headers it names. Returns the moments it was made at."""
    given = {name: text or number for name, text, number in PARAMETER.findall(request.headers["authorization"])}
    if given.get("keyId") != key_id:
        raise BadSignatureError("access key is not known")
    if given.get("algorithm", "hmac-sha256") != "hmac-sha256":
        raise BadSignatureError("algorithm is not hmac-sha256")
    names = given.get("headers", "date").lower().split()
    base = "\n".join(f"{name}: {value(request, name, given)}" for name in names)
    digest = base64.b64decode(given.get("signature", ""), validate=True)
    if not hmac.compare_digest(hmac.digest(secret, base.encode("latin-1"), "sha256"), digest):
        raise BadSignatureError("signature does not match")
    moments = [parsedate_to_datetime(request.headers["date"]).timestamp()] if "date" in names else []
    return moments + ([float(given["created"])] if "created" in given else [])


def value(request: Request, name: str, given: dict[str, str]) -> str:
    if name == "(request-target)":
        return f"{request.method.lower()} {request.target}"
    if name == "(created)":
        return given.get("created", "")
    # The vendor's shell sample signs 0 for a GET and sends no such header.
    found = request.headers.get(name, "0" if name == "content-length" and not request.body else None)
    if found is None:
        raise BadSignatureError(f"header {name} is signed and not there")
    return found
