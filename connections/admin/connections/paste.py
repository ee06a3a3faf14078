"""The pages of a pasted list: the lines go in, and each gets its answer before anything is selected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from connections.admin.connections.sight import connections_of, ticked_in
from connections.admin.pages import Page, page_context
from connections.inventory import pasted_lists
from connections.inventory.lookup import ALL_ACCOUNTS, Answer, meant
from connections.inventory.near import near_names
from connections.inventory.pasted import ACCOUNT, MOST_BYTES, MOST_LINES, NotALine, read_lines, read_text
from connections.live.standing import list_state, unread_accounts
from connections.models import Connection, PastedList
from connections.models.connections import accounts_visible_to
from connections.web.around.frame import frame_of
from connections.web.around.once import once
from connections.web.origin import user_of
from connections.words.counts import count_capped, in_words, number
from connections.words.pasted import reply_words, target_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.inventory.lookup import Reply
    from connections.models.connections import ConnectionQuerySet

LISTED = 500
"""So many lines with the same answer stand on the page."""
ORDER = (Answer.NOT_KNOWN, Answer.AMBIGUOUS, Answer.CANT_SAY, Answer.NOT_OPEN, Answer.REPEATED, Answer.FOUND)
BAD = (Answer.NOT_KNOWN, Answer.AMBIGUOUS)
TILES: dict[Answer, tuple[str, Any]] = {
    Answer.FOUND: ("stopped", gettext_lazy("with something open")),
    Answer.NOT_OPEN: ("ended", gettext_lazy("known, none open now")),
    Answer.NOT_KNOWN: ("unknown", gettext_lazy("no such name, address or id")),
    Answer.AMBIGUOUS: ("list", gettext_lazy("could be several things")),
    Answer.CANT_SAY: ("unverified", gettext_lazy("of an account that is not read")),
}
"""For each answer its icon, and what it means."""


class PasteForm(forms.Form):
    """The lines, typed or in a file."""

    lines = forms.CharField(
        label=gettext_lazy("Lines"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "wrap": "off", "class": "lines"}),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a file"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".txt,.csv,.tsv,text/plain,text/csv"}),
    )

    def __init__(self, data: Any = None, files: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, files, initial=initial, auto_id="paste_%s")
        self.fields["lines"].help_text = _("At most %s lines.") % number(MOST_LINES)

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        field = "file" if said.get("file") else "lines"
        try:
            said["text"] = self._text()
            said["read"] = read_lines(said["text"])
        except NotALine as error:
            self.add_error(field, str(error))
        return said

    def _text(self) -> str:
        file, lines = self.cleaned_data.get("file"), self.cleaned_data.get("lines", "").replace("\r\n", "\n")
        if max(file.size if file else 0, len(lines.encode())) > MOST_BYTES:
            raise NotALine(_("That is more than 1 MB. Look it up in parts."))
        text = read_text(file.read()).replace("\r\n", "\n") if file else lines
        if "\0" in text:
            raise NotALine(_("There is a character in it that no name has (NUL)."))
        return str(text)


@dataclass(frozen=True)
class Told:
    """A line on the page. `choices`: the lines that could stand in its place, each with its words."""

    number: int
    text: str
    words: str
    choices: list[tuple[str, str]]
    reply: Reply

    @property
    def found(self) -> str:
        return ", ".join(dict.fromkeys(target.value for target in self.reply.targets))

    @property
    def kind(self) -> str:
        return str(self.reply.targets[0].kind.label)


def paste_view(request: HttpRequest) -> HttpResponse:
    """Look up the lines that are sent. `?list=` begins with those of a list that was looked up before."""
    connections_of(request)
    sent = request.method == "POST"
    before = PastedList.objects.filter(key=request.GET.get("list", ""), user=user_of(request)).first()
    form = PasteForm(request.POST, request.FILES) if sent else PasteForm(initial={"lines": before and before.text})
    if form.is_valid():
        return _to_list(pasted_lists.keep(user_of(request), form.cleaned_data["text"], unread_accounts()))
    context = page_context(request, Connection, title=_("Paste a list"), form=form)
    return TemplateResponse(request, "admin/connections/paste.html", context, status=400 if form.errors else 200)


@require_safe
def answer_view(request: HttpRequest, key: str) -> HttpResponse:
    """What each line means, to who looks at it, now."""
    seen = connections_of(request)
    pasted = get_object_or_404(PastedList, key=key)
    lists = list_state(accounts_visible_to(user_of(request)), has_worker=once(request, frame_of).has_worker)
    unread = {account.pk for account, _trouble in lists.troubled}
    replies, hidden = pasted_lists.replies_for(user_of(request), pasted, unread)
    is_own = pasted.user_id == request.user.pk
    if not is_own and not any(reply.targets for reply in replies):
        raise Http404
    context = page_context(
        request, Connection, pasted=pasted, is_own=is_own, hidden=hidden, lists=lists, **_answer(replies, seen)
    )
    return TemplateResponse(request, "admin/connections/paste_answer.html", context)


@require_POST
def change_view(request: HttpRequest, key: str) -> HttpResponse:
    """Put another line in place of one, or leave it out, and look all of them up anew."""
    connections_of(request)
    pasted = get_object_or_404(PastedList, key=key, user=user_of(request))
    line = request.POST.get("line", "")
    number_of_line = int(line) if line.isascii() and line.isdigit() and len(line) < 9 else 0
    text = pasted_lists.with_line(pasted, number_of_line, request.POST.get("text", ""))
    try:
        return _to_list(pasted_lists.keep(user_of(request), text, unread_accounts()))
    except NotALine:
        return HttpResponseRedirect(reverse("admin:connections_connection_paste"))


@require_POST
def selection_view(request: HttpRequest) -> HttpResponse:
    """The list of exactly the rows that were ticked, on whichever page."""
    rows = connections_of(request).filter(pk__in=ticked_in(request)).order_by("opened_at", "pk")
    ids = rows.values_list("connection_id", "account__name")
    try:
        pasted = pasted_lists.keep(user_of(request), "\n".join(f"{one}\t{ACCOUNT}{account}" for one, account in ids))
    except NotALine:
        messages.error(request, _("No connection was selected."))
        return HttpResponseRedirect(reverse("admin:connections_connection_changelist"))
    address = reverse("admin:connections_connection_changelist")
    return HttpResponseRedirect(f"{address}?list={pasted.key}&status=all")


PAGES = (
    Page("paste/", "paste", paste_view),
    Page("paste/<slug:key>/", "pasted", answer_view),
    Page("selection/", "selection", selection_view),
    Page("paste/<slug:key>/change/", "pasted_change", change_view),
)


def _to_list(pasted: PastedList) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:connections_connection_pasted", args=[pasted.key]))


def _answer(replies: list[Reply], seen: ConnectionQuerySet) -> dict[str, Any]:
    by_answer = {answer: [reply for reply in replies if reply.answer == answer] for answer in ORDER}
    found = by_answer[Answer.FOUND]
    # Counted once, however many lines name it.
    open_count = count_capped(seen.open().filter(meant(found).condition()))
    left_out = [reply for answer in BAD for reply in by_answer[answer]]
    left_out += [*by_answer[Answer.CANT_SAY], *by_answer[Answer.NOT_OPEN]]
    left_out.sort(key=lambda reply: reply.line.number)
    near = near_names([reply.line for reply in by_answer[Answer.NOT_KNOWN]], seen)
    facts = {"found": number(len(found)), "lines": number(len(replies)), "open": in_words(open_count)}
    title = ngettext(
        "%(found)s of %(lines)s line matched: %(open)s open",
        "%(found)s of %(lines)s lines matched: %(open)s open",
        len(replies),
    )
    return {
        "title": title % facts,
        "open": in_words(open_count),
        "found": len(found),
        "tiles": [(answer, len(by_answer[answer]), *TILES[answer], answer in BAD) for answer in TILES],
        "answers": [
            (answer, len(by_answer[answer]), [_told(one, near) for one in by_answer[answer][:LISTED]])
            for answer in ORDER
            if by_answer[answer]
        ],
        "left_out": len(left_out),
        "left_out_numbers": _numbers(left_out),
        "left_out_text": "\n".join(reply.line.text for reply in left_out),
    }


def _told(reply: Reply, near: dict[int, list[str]]) -> Told:
    choices, words = [], reply_words(reply)
    if reply.answer == Answer.AMBIGUOUS:
        words = _("It may be any of several. None is taken before you choose.")
        choices = [(f"{one.value}\t{ACCOUNT}{one.account}", target_words(one)) for one in reply.targets]
        choices.append((f"{reply.line.name}\t{ACCOUNT}{ALL_ACCOUNTS}", _("all of them")))
    choices += [(name, _("“%s”") % name) for name in near.get(reply.line.number, [])]
    return Told(reply.line.number, reply.line.text.strip(), words, choices, reply)


def _numbers(replies: Iterable[Reply]) -> str:
    numbers = [number(reply.line.number) for reply in replies]
    return ", ".join(numbers[:12]) + (" …" if len(numbers) > 12 else "")
