"""The one-time link: made and shown once to who administers, and the page to which it leads."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import password_validators_help_texts
from django.contrib.auth.views import PasswordResetConfirmView
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from connections.admin.refusals import BEYOND, Lacks
from connections.audit.append import append
from connections.models.rights import NOTHING_CHANGED, may
from connections.people import directory, rights
from connections.people.access import links
from connections.people.lines import password_line
from connections.web.origin import user_of, web_origin

OFF = gettext_lazy("Who may not sign in gets no link: let them sign in first. Nothing was changed.")


@never_cache
@require_POST
def link(request: HttpRequest, pk: int) -> HttpResponse:
    actor = user_of(request)
    if not may(actor, "change_user"):
        raise Lacks("change_user", but=NOTHING_CHANGED)
    person = get_object_or_404(User, pk=pk)
    if not rights.may_change_person(actor, person):
        raise PermissionDenied(BEYOND)
    if not (person.is_active and person.is_staff):
        messages.error(request, OFF)
        return HttpResponseRedirect(reverse("person", args=[pk]))
    if why := directory.refuse_password(person):
        messages.error(request, why)
        return HttpResponseRedirect(reverse("person", args=[pk]))
    return link_page(request, person)


def link_page(request: HttpRequest, person: User, *, is_new: bool = False) -> HttpResponse:
    """The page that shows a new link of `person`, who may sign in; no page shows it again."""
    uid, token = links.make(person, user_of(request), web_origin(request))
    context = {
        **admin.site.each_context(request),
        "title": (_("%s was added") if is_new else _("A link for %s")) % (person.get_full_name() or person.username),
        "person": person,
        "is_new": is_new,
        "link": request.build_absolute_uri(reverse("first_password", args=[uid, token])),
        "ends_at": timezone.now() + links.lifetime(),
    }
    response = TemplateResponse(request, "admin/people/access/link.html", context)
    response["Cache-Control"] = "no-store"
    return response


class FirstPasswordView(PasswordResetConfirmView):
    """Where a link leads. Its token goes into the session at once and out of the address, as Django does it."""

    token_generator = links.tokens
    template_name = "admin/people/access/first_password.html"
    success_url = reverse_lazy("admin:login")
    post_reset_login = False

    def get_user(self, uidb64: str) -> Any:
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active and user.is_staff else None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("Set your password") if self.validlink else _("This link counts no more")
        return {**super().get_context_data(**kwargs), **admin.site.each_context(self.request), "title": title}

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        # A sentence, and no list within a paragraph.
        form.fields["new_password1"].help_text = " ".join(map(str, password_validators_help_texts()))
        return form

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        # Hashed before the transaction: on SQLite everybody else's writes would wait for it.
        user = form.save(commit=False)
        with transaction.atomic():
            user.save(update_fields=("password",))
            append([password_line(user, user, web_origin(self.request))])
        messages.success(self.request, _("Your password is set. Sign in with it."))
        return super(PasswordResetConfirmView, self).form_valid(form)


first_password = FirstPasswordView.as_view()
