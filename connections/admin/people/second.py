"""The second factor where it is asked for: after the password, without one, and again before what can't be undone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy
from fido2.utils import websafe_encode

from connections.admin.people.sign_in import in_words, known_browser
from connections.people import factors, passkeys
from connections.people.attempts import TooMany, second_attempt
from connections.people.passkeys import NoPasskey
from connections.web.sign_ins import SECOND_FACTOR_WRONG, failure_of, refuse_second_factor
from remoteit_admin import proxies

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest
    from fido2.server import Fido2Server

CHALLENGE_S = 300
SALT = "connections.passkey-challenge"
WRONG = gettext_lazy(
    "This proves nothing: a code is taken once and for about a minute, a recovery code once. If the code is the "
    "newest, look whether the clock of the phone is right."
)
NO_PASSKEY = gettext_lazy("This passkey was not taken: it is not known here, or the page was open too long. Try again.")


class SecondForm(forms.Form):
    """One field for both kinds of codes, and one for what the browser says of a passkey."""

    code = forms.CharField(
        label=gettext_lazy("6 digits from your code app, or a recovery code"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
    )
    passkey = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)
    challenge = forms.CharField(required=False, max_length=2_000, widget=forms.HiddenInput)
    wait_s = 0
    kind = ""
    """By what it was proved, once the form is valid."""

    def __init__(self, data: Any = None, *, request: HttpRequest, user: User) -> None:
        super().__init__(data)
        self.request, self.user = request, user

    def clean(self) -> dict[str, Any]:
        name = self.user.get_username()
        failure = failure_of(SECOND_FACTOR_WRONG, name, self.request)
        try:
            with second_attempt(failure, known_browser(self.request, name)):
                self.kind = self._proved()
        except TooMany as refusal:
            self.wait_s = refusal.wait_s
            raise ValidationError(in_words(refusal)) from None
        except ValidationError:
            refuse_second_factor(self.user, self.request)
            raise
        return self.cleaned_data

    def _proved(self) -> str:
        said = self.cleaned_data
        if said.get("passkey"):
            checked(self.request, said["passkey"], said.get("challenge", ""), self.user)
            return factors.PASSKEY
        if factors.check_app(self.user, said.get("code", "")):
            return factors.TOTP
        if factors.use_recovery_code(self.user, said.get("code", "")):
            return factors.RECOVERY_CODE
        raise ValidationError(WRONG)


def panel_of(request: HttpRequest) -> Fido2Server:
    host, _colon, port = request.get_host().partition(":")
    return passkeys.server(host, port, is_https=request.is_secure())


def has_name(request: HttpRequest) -> bool:
    """Whether the panel was opened by a name: an address is none that passkeys can be bound to."""
    host = request.get_host()
    return proxies.address(host.rpartition(":")[0] or host) is None and not host.startswith("[")


def asking(request: HttpRequest, user: User | None = None) -> dict[str, str]:
    """What a page that takes a passkey is given: the browser's options, and the challenge, signed."""
    options, state = passkeys.begin_asking(panel_of(request), user)
    return {"options": json.dumps(plain(options)), "challenge": signing.dumps(plain(state), salt=SALT)}


def checked(request: HttpRequest, answer: str, challenge: str, user: User | None = None) -> User:
    """Whom the passkey is of. Raises ValidationError."""
    try:
        state = signing.loads(challenge, salt=SALT, max_age=CHALLENGE_S)
        return passkeys.check(panel_of(request), state, answer, user).user
    except (signing.BadSignature, NoPasskey):
        raise ValidationError(NO_PASSKEY) from None


def plain(value: Any) -> Any:
    """`value` as JSON has it; bytes as WebAuthn writes them, in base64url."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items() if one is not None}
    if isinstance(value, bytes):
        return websafe_encode(value)
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
