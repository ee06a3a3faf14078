"""Sign-in at an identity provider (OpenID Connect, authorization code with PKCE), by Authlib over requests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.django_client import DjangoOAuth2App
from authlib.integrations.django_client.integration import DjangoIntegration
from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe
from joserfc.errors import JoseError
from requests import RequestException

from connections.admin.people.sign_in import PENDING, after, complete
from connections.people import directory, factors
from connections.people.claims import Refused, Said
from connections.web import proofs
from connections.web.origin import user_of, web_origin
from connections.web.sign_ins import refuse_sign_in

if TYPE_CHECKING:
    from django.contrib.auth.models import User

WISH = "oidc_wish"
WISH_S = 900
SIGN_IN, PROVE, LINK = "sign_in", "prove", "link"
ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
"""Signed with a key of the provider's own: never `none`, nor with a secret that both know."""
TIMEOUT_S = 10
CLOCKS_MAY_DIFFER_S = 120
AWAY = (RequestException, ValueError, KeyError, TypeError, AttributeError, RuntimeError)
"""What Authlib and requests raise where the provider can't be reached or answers something else."""


def provider() -> DjangoOAuth2App:
    """The identity provider of the settings, with what it says of itself read anew. Raises one of AWAY."""
    issuer = settings.OIDC_ISSUER.rstrip("/")
    client: dict[str, Any] = {"scope": "openid", "code_challenge_method": "S256"}
    app = DjangoOAuth2App(
        DjangoIntegration("oidc"),
        name="oidc",
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={**client, "default_timeout": TIMEOUT_S, "trust_env": False},
        user_agent="remoteit-admin",
    )
    about = app.load_server_metadata()
    if str(about["issuer"]).rstrip("/") != issuer:
        raise ValueError("it calls itself by another name than OIDC_ISSUER")
    known = about.get("id_token_signing_alg_values_supported") or ["RS256"]
    about["id_token_signing_alg_values_supported"] = [name for name in known if name in ALGORITHMS]
    offered = about.get("scopes_supported") or []
    wished = ["openid", "profile", "email", *(["groups"] if "groups" in offered else [])]
    app.client_kwargs["scope"] = " ".join(wished)
    return app


@never_cache
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Go to the provider. `for` in the address: to sign in, to prove again who one is, or to link who is signed in."""
    if not directory.is_on():
        raise Http404
    wish = request.GET.get("for", SIGN_IN)
    if wish not in (SIGN_IN, PROVE, LINK) or (wish != SIGN_IN and not _is_in(request)):
        return HttpResponseRedirect(reverse("admin:login"))
    if wish == LINK and not proofs.is_fresh(request):
        return HttpResponseRedirect(proofs.prove_address(reverse("factors"), _("to change how you sign in")))
    request.session[WISH] = [wish, after(request), int(time.time())]
    again = {"prompt": "login", "max_age": "0"} if wish != SIGN_IN else {}
    try:
        going: HttpResponse = provider().authorize_redirect(
            request, request.build_absolute_uri(reverse("oidc_callback")), **again
        )
    except AWAY as error:
        return _refused(request, _away(error))
    return going


@never_cache
@require_safe
@sensitive_variables()
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the provider: take what it says, and do what was wished."""
    if not directory.is_on():
        raise Http404
    wish, back, begun = request.session.pop(WISH, ("", "", 0))
    if time.time() - begun > WISH_S:
        return _refused(request, _("This sign-in was begun too long ago, or in another browser. Begin again."))
    try:
        claims = _claims(request)
        said = directory.said_by(claims)
        if wish == SIGN_IN:
            return _signed_in(request, said, back)
        if wish == LINK and _is_in(request) and proofs.is_fresh(request):
            directory.link(user_of(request), said, web_origin(request))
            messages.success(request, _("From now on you can sign in there, too. Your roles are those that it gives."))
            return HttpResponseRedirect(reverse("factors"))
        return _proved(request, claims, said, back, begun)
    except Refused as refusal:
        return _refused(request, str(refusal))
    except OAuthError as error:
        return _refused(request, _("The identity provider said no: %s.") % (error.description or error.error))
    except JoseError:
        return _refused(
            request, _("What the identity provider sent is not signed as it should be. Nobody was signed in.")
        )
    except AWAY as error:
        return _refused(request, _away(error))


def _claims(request: HttpRequest) -> dict[str, Any]:
    """What the provider says of who came back: by its signed token, and what it tells beside it."""
    app = provider()
    ours = {"iss": {"values": [app.server_metadata["issuer"]]}, "aud": {"essential": True, "values": [app.client_id]}}
    token = app.authorize_access_token(request, claims_options=ours, leeway=CLOCKS_MAY_DIFFER_S)
    claims = dict(token["userinfo"])
    if settings.OIDC_GROUPS_CLAIM not in claims and app.server_metadata.get("userinfo_endpoint"):
        more = dict(app.userinfo(token=token))
        if more.get("sub") != claims["sub"]:
            raise ValueError("it speaks of two people")
        claims = {**more, **claims}
    return claims


def _signed_in(request: HttpRequest, said: Said, back: str) -> HttpResponse:
    try:
        user = directory.enter(said, web_origin(request))
    except Refused as refusal:
        refuse_sign_in(said.name, request, why=str(refusal))
        raise
    if factors.has_second(user):
        return _to_second(request, user, back)
    return complete(request, user, directory.OIDC, address=back)


def _to_second(request: HttpRequest, user: User, back: str) -> HttpResponse:
    """Who has a second factor here is asked for it, however they come in."""
    request.session.cycle_key()
    request.session[PENDING] = [user.pk, user.get_session_auth_hash(), int(time.time())]
    return HttpResponseRedirect(reverse("second_factor", query={"next": back}))


def _proved(request: HttpRequest, claims: dict[str, Any], said: Said, back: str, begun: int) -> HttpResponse:
    """Who is signed in has signed in there again, just now."""
    at = claims.get("auth_time")
    is_new = isinstance(at, int) and at >= begun - CLOCKS_MAY_DIFFER_S
    if not _is_in(request) or not directory.is_same(user_of(request), said):
        raise Refused(_("You signed in there as somebody else than here. Nothing was decided."))
    if not is_new:
        raise Refused(_("The identity provider does not say that you signed in just now. Nothing was decided."))
    proofs.note(request, directory.OIDC)
    messages.success(request, _("It is you. Go back to the page that asked, and continue there."))
    return HttpResponseRedirect(back)


def _is_in(request: HttpRequest) -> bool:
    return request.user.is_authenticated and request.user.is_staff


def _away(error: Exception) -> str:
    why = _("it can't be reached") if isinstance(error, RequestException) else _("its answer can't be used")
    return _("Signing in at the identity provider does not work just now: %s. A password of this panel does.") % why


def _refused(request: HttpRequest, why: str) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": _("You are not signed in"),
        "error": why,
        "back": reverse("admin:index") if _is_in(request) else reverse("admin:login"),
        "is_sign_in": not _is_in(request),
    }
    return TemplateResponse(request, "admin/people/prove.html", context, status=403)
