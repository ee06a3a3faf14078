"""Are a request's signatures right? Both schemes of remote.it (remoteit-api reference, section 1.5).

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

SCHEME_A = re.compile(r'(\w+)=(?:"([^"]*)"|(\d+))')
SCHEME_B = re.compile(r"([\w*.-]+)=(\(([^)]*)\)(.*))")
PARAMETER = re.compile(r';(\w+)=(?:"([^"]*)"|(\d+))')


class BadSignatureError(Exception):
    """str() says what is wrong with it."""


def is_signed(request: Request) -> bool:
    scheme = request.headers.get("authorization", "").partition(" ")[0]
    return scheme.lower() == "signature" or "signature-input" in request.headers


def check(request: Request, key_id: str, secret: str, now: float, skew_s: int) -> None:
    """Raise BadSignatureError unless the request is signed with this key. `now`: Unix seconds; `skew_s` 0: any date."""
    try:
        if "signature-input" in request.headers:
            moments = check_b(request, key_id, base64.b64decode(secret))
        else:
            moments = check_a(request, key_id, base64.b64decode(secret))
    except (ValueError, TypeError) as error:
        raise BadSignatureError(f"signature cannot be read: {error}") from error
    if skew_s and any(abs(now - moment) > skew_s for moment in moments):
        raise BadSignatureError("date is too far off")
    check_digest(request)


def check_a(request: Request, key_id: str, secret: bytes) -> list[float]:
    """Scheme A: `Authorization: Signature …`, over whatever headers it names. Returns the moments it was made at."""
    given = {name: text or number for name, text, number in SCHEME_A.findall(request.headers["authorization"])}
    if given.get("keyId") != key_id:
        raise BadSignatureError("access key is not known")
    if given.get("algorithm", "hmac-sha256") != "hmac-sha256":
        raise BadSignatureError("algorithm is not hmac-sha256")
    names = given.get("headers", "date").lower().split()
    lines = [f"{name}: {value_a(request, name, given)}" for name in names]
    compare("\n".join(lines), given.get("signature", ""), secret)
    moments = [date(request)] if "date" in names else []
    return moments + ([float(given["created"])] if "created" in given else [])


def value_a(request: Request, name: str, given: dict[str, str]) -> str:
    if name == "(request-target)":
        return f"{request.method.lower()} {request.target}"
    if name == "(created)":
        return given.get("created", "")
    # The vendor's shell sample signs 0 for a GET and sends no such header.
    value = request.headers.get(name, "0" if name == "content-length" and not request.body else None)
    if value is None:
        raise BadSignatureError(f"header {name} is signed and not there")
    return value


def check_b(request: Request, key_id: str, secret: bytes) -> list[float]:
    """Scheme B, HTTP message signatures: the form of the vendor's Insomnia plugin, and any list of components."""
    match = SCHEME_B.fullmatch(request.headers["signature-input"])
    if match is None:
        raise BadSignatureError("Signature-Input cannot be read")
    label, parameters, components, rest = match.groups()
    given = {name: text or number for name, text, number in PARAMETER.findall(rest)}
    if given.get("keyid") != key_id:
        raise BadSignatureError("access key is not known")
    signature = request.headers.get("signature", "")
    if not signature.startswith(f"{label}=:") or not signature.endswith(":"):
        raise BadSignatureError("Signature and Signature-Input don't name the same")
    names = [one.strip('"').lower() for one in components.split()]
    compare_any(bases_b(request, names, parameters), signature[len(label) + 2 : -1], secret)
    return moments_b(request, names, given)


def bases_b(request: Request, names: list[str], parameters: str) -> list[str]:
    """What may have been signed: a client with another name and TLS in front of the sandbox signs https."""
    return [
        "\n".join(
            [f'"{name}": {value_b(request, name, scheme)}' for name in names] + [f'"@signature-params": {parameters}']
        )
        for scheme in ("http", "https")
    ]


def value_b(request: Request, name: str, scheme: str) -> str:
    host = request.headers.get("host", "").lower()
    derived = {
        "@method": request.method,
        "@authority": host,
        "@target-uri": f"{scheme}://{host}{request.target}",
        "@request-target": request.target,
        "@path": request.target.partition("?")[0],
    }
    value = derived.get(name, request.headers.get(name))
    if value is None:
        raise BadSignatureError(f"{name} is signed and not there")
    return value


def moments_b(request: Request, names: list[str], given: dict[str, str]) -> list[float]:
    moments = [float(given["created"])] if "created" in given else []
    return moments + ([date(request)] if "date" in names else [])


def date(request: Request) -> float:
    return parsedate_to_datetime(request.headers["date"]).timestamp()


def compare(base: str, given: str, secret: bytes) -> None:
    compare_any([base], given, secret)


def compare_any(bases: list[str], given: str, secret: bytes) -> None:
    digest = base64.b64decode(given, validate=True)
    if not any(hmac.compare_digest(hmac.digest(secret, one.encode("latin-1"), "sha256"), digest) for one in bases):
        raise BadSignatureError("signature does not match")


def check_digest(request: Request) -> None:
    """A digest of the body, where one was sent, has to be right in either spelling."""
    wanted = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
    digest, content = request.headers.get("digest"), request.headers.get("content-digest")
    if digest not in (None, f"SHA-256={wanted}") or content not in (None, f"sha-256=:{wanted}:"):
        raise BadSignatureError("digest does not fit the body")
