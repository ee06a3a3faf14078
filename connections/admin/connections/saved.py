"""Saved views: a filter of the list with its order and columns under a name, for oneself or for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from connections.admin.connections.sight import connections_of
from connections.admin.pages import Page, page_context
from connections.inventory.grammar.fields import is_key
from connections.inventory.search import read
from connections.models import Connection, Preferences, SavedView
from connections.web.around.frame import views_of
from connections.web.around.once import once
from connections.web.origin import user_of
from connections.words.counts import count_capped, in_words

if TYPE_CHECKING:
    from connections.models.connections import ConnectionQuerySet

VIEW = "view"
"""The parameter of an address that says by which saved view it came about."""
NOT_KEPT = ("p", VIEW, "newer")


class ViewForm(forms.ModelForm):
    """The name of a view, and for whom it is."""

    class Meta:
        model = SavedView
        fields = ("name", "is_shared", "is_start")
        error_messages = {"name": {"required": gettext_lazy("Give it a name.")}}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off"})}


def view_of(request: HttpRequest) -> SavedView | None:
    """The saved view that the address names, where the person may see it."""
    key = request.GET.get(VIEW, "")
    return next((view for view in once(request, views_of) if str(view.pk) == key), None) if is_key(key) else None


def address_of(view: SavedView) -> str:
    query = QueryDict(view.query, mutable=True)
    query[VIEW] = str(view.pk)
    return f"{reverse('admin:connections_connection_changelist')}?{query.urlencode()}"


def views_menu(request: HttpRequest) -> dict[str, Any]:
    """What the menu of views shows: those that the person sees, and the one that the address came about by."""
    return {
        "views": [(view, address_of(view)) for view in once(request, views_of)],
        "current_view": view_of(request),
    }


@require_safe
def views_view(request: HttpRequest) -> HttpResponse:
    """Every view that the person sees, with how many connections it lists for them now."""
    seen = connections_of(request)
    rows = [(view, address_of(view), _count(view, seen)) for view in once(request, views_of)]
    context = page_context(request, Connection, title=_("Saved views"), rows=rows)
    return TemplateResponse(request, "admin/connections/views.html", context)


def save_view(request: HttpRequest) -> HttpResponse:
    """Save the filter of the address, with the columns that are shown, under a name. The same name saves it anew."""
    connections_of(request)
    user, query = user_of(request), _kept(request.GET)
    sent = request.POST if request.method == "POST" else None
    before = SavedView.objects.filter(user=user, name=sent.get("name", "").strip()).first() if sent else None
    form = ViewForm(sent, instance=before or SavedView(user=user))
    if form.is_valid():
        view = form.save(commit=False)
        wished = Preferences.objects.filter(user=user).first()
        view.query, view.columns = query, wished.columns if wished else []
        with transaction.atomic():
            if view.is_start:
                SavedView.objects.filter(user=user).exclude(pk=view.pk).update(is_start=False)
            view.save()
        return HttpResponseRedirect(address_of(view))
    context = page_context(request, Connection, title=_("Save this view"), form=form, query=query)
    return TemplateResponse(request, "admin/connections/view_save.html", context, status=400 if form.errors else 200)


@require_POST
def delete_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a view of one's own."""
    connections_of(request)
    view = get_object_or_404(SavedView, pk=pk, user=user_of(request))
    view.delete()
    messages.success(request, _("The view “%s” is forgotten.") % view.name)
    return HttpResponseRedirect(reverse("admin:connections_connection_views"))


@require_POST
def start_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin with a view of one's own; asked again, begin with all that is open."""
    connections_of(request)
    view = get_object_or_404(SavedView, pk=pk, user=user_of(request))
    with transaction.atomic():
        SavedView.objects.filter(user=view.user_id).exclude(pk=pk).update(is_start=False)
        SavedView.objects.filter(pk=pk).update(is_start=not view.is_start)
    return HttpResponseRedirect(reverse("admin:connections_connection_views"))


PAGES = (
    Page("views/", "views", views_view),
    Page("views/save/", "view_save", save_view),
    Page("views/<int:pk>/delete/", "view_delete", delete_view),
    Page("views/<int:pk>/start/", "view_start", start_view),
)


def _kept(params: QueryDict) -> str:
    kept = params.copy()
    for name in NOT_KEPT:
        kept.pop(name, None)
    return kept.urlencode()


def _count(view: SavedView, seen: ConnectionQuerySet) -> str:
    """How many connections it lists; "" where what it names is not there any more: then it lists none."""
    chosen = read(QueryDict(view.query), view.user)
    return "" if chosen.problems else in_words(count_capped(chosen.apply(seen)))
