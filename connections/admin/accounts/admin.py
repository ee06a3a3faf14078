"""The accounts: which there are, what they sign in with, whether that works, and their pauses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from connections.accounts import credentials
from connections.accounts.check import check_account
from connections.accounts.credentials import NoCredentials, credentials_state, ensure_default_account
from connections.admin.accounts.findings import steps
from connections.admin.accounts.form import AccountForm
from connections.admin.accounts.remove import removed
from connections.admin.accounts.rows import grouped, rows
from connections.admin.accounts.taken import are_taken
from connections.admin.readonly import NeverDeletedAdmin
from connections.admin.refusals import Lacks, NobodyMay
from connections.models import Account
from connections.models.connections import accounts_visible_to
from connections.models.rights import NOTHING_CHANGED, may
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.audit.origin import Origin

FIELDS = ("name", "stop_call")
REMOVED = gettext_lazy("This account was removed: its history stays, and nothing is done with it any more.")


@admin.register(Account)
class AccountAdmin(NeverDeletedAdmin):
    """Accounts are added, changed, tested and paused here. They are never deleted: the history refers to them."""

    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        return may(request.user, "view_account") or may(request.user, "change_account")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "add_account")

    def has_change_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        return may(request.user, "change_account")

    def get_urls(self) -> list[URLPattern]:
        views = {
            "test": self.test_view,
            "pause": self.pause_view,
            "resume": self.resume_view,
            "remove": self.remove_view,
        }
        return [
            *(
                path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"connections_account_{name}")
                for name, view in views.items()
            ),
            *super().get_urls(),
        ]

    @method_decorator(require_safe)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise Lacks("view_account", but=NOTHING_CHANGED)
        ensure_default_account()
        context = {
            "title": _("Accounts"),
            "groups": grouped(rows(accounts_visible_to(request.user), request.user)),
            "may_add": self.has_add_permission(request),
        }
        return self._page(request, "list", context)

    @method_decorator(sensitive_post_parameters())
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise Lacks("add_account", but=_("Nothing was saved."))
        form = AccountForm(request.POST if request.method == "POST" else None)
        if form.is_valid() and form.credentials is not None and are_taken(request, form, None):
            added = form.save(commit=False)
            credentials.add_account(added, form.credentials, user_of(request), web_origin(request))
            messages.success(request, _("“%s” was added.") % added.name)
            return self._to_list()
        return self._page(request, "form", {"title": _("Add an account"), "form": form, "may_change": True})

    @method_decorator(sensitive_post_parameters())
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        account = self._get(request, object_id)
        may_change = self.has_change_permission(request, account) and account.removed_at is None
        if request.method == "POST" and account.removed_at is not None:
            raise NobodyMay(REMOVED)
        if request.method == "POST" and not may_change:
            raise Lacks("change_account", but=_("Nothing was changed or sent."))
        name = account.name
        form = AccountForm(request.POST if request.method == "POST" else None, instance=account)
        if form.is_valid() and (form.credentials is None or are_taken(request, form, account)):
            self._save(request, form)
            return self._to_list()
        [row] = rows([account], request.user)
        context = {"title": name, "name": name, "form": form, "row": row, "may_change": may_change}
        return self._page(request, "form", context)

    def _save(self, request: HttpRequest, form: AccountForm) -> None:
        account, user, origin = form.save(commit=False), user_of(request), web_origin(request)
        fields = [name for name in form.changed_data if name in FIELDS]
        credentials.change_account(account, fields, form.credentials, user, origin)
        if form.removes:
            credentials.remove_credentials(account, user, origin)
            messages.success(request, _("The stored credentials of “%s” were removed.") % account)
        elif form.credentials is not None:
            messages.success(request, _("The credentials of “%s” were replaced.") % account)
        elif fields:
            messages.success(request, _("“%s” was changed.") % account)
        else:
            messages.info(request, _("Nothing of “%s” was changed.") % account)

    @method_decorator(require_POST)
    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Try the credentials now, and say what works. Nothing is stopped for it."""
        account = self._changeable(request, pk)
        context: dict[str, Any] = {"title": _("Test of %s") % account, "account": account, "at": timezone.now()}
        kind = credentials_state(account).kind
        try:
            found = check_account(account, user_of(request), web_origin(request))
        except NoCredentials as error:
            context["why_not"] = str(error)
        else:
            context["steps"] = steps(found, account, kind) if kind else []
        return self._page(request, "test", context)

    def remove_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        shown = removed(request, self._changeable(request, pk))
        return shown if isinstance(shown, HttpResponse) else self._page(request, "remove", shown)

    @method_decorator(require_POST)
    def pause_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._wish(request, pk, credentials.hold, _("Nothing is sent or listed for “%s” until it is resumed."))

    @method_decorator(require_POST)
    def resume_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._wish(request, pk, credentials.release, _("“%s” goes on."))

    def _wish(
        self, request: HttpRequest, pk: int, wish: Callable[[Account, User, Origin], bool], done: str
    ) -> HttpResponse:
        account = self._changeable(request, pk)
        if wish(account, user_of(request), web_origin(request)):
            messages.success(request, done % account)
        else:
            messages.info(request, _("That was done already."))
        return self._to_list()

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        account = self._get(request, object_id)
        history = reverse("admin:connections_auditevent_changelist")
        return HttpResponseRedirect(f"{history}?{urlencode({'account': account.name})}")

    def _get(self, request: HttpRequest, object_id: str) -> Account:
        if not self.has_view_permission(request):
            raise Lacks("view_account", but=NOTHING_CHANGED)
        if not object_id.isascii() or not object_id.isdigit() or len(object_id) > 18:
            raise Http404
        return get_object_or_404(accounts_visible_to(request.user), pk=int(object_id))

    def _changeable(self, request: HttpRequest, pk: int) -> Account:
        account = self._get(request, str(pk))
        if not self.has_change_permission(request, account):
            raise Lacks("change_account", but=_("Nothing was changed or sent."))
        if account.removed_at is not None:
            raise NobodyMay(REMOVED)
        return account

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        common = {**self.admin_site.each_context(request), "opts": self.opts}
        may_change = {"may_change": self.has_change_permission(request)}
        template = f"admin/accounts/{name}.html"
        return TemplateResponse(request, template, {**common, **may_change, **context})

    def _to_list(self) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:connections_account_changelist"))
