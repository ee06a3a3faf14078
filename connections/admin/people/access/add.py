"""Add person, and change one: name, e-mail, role, and how they sign in for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from connections.admin.people.access.link import link_page
from connections.admin.people.access.listing import roles_known_to
from connections.admin.people.access.why import ask_why, is_asked, settle, why_field
from connections.admin.people.admin import LAST_SUPERUSER
from connections.admin.refusals import BEYOND, Lacks
from connections.models.rights import NOTHING_CHANGED, may, missing
from connections.people import directory, rights
from connections.people.lines import NOBODY, permission_names, standing_of
from connections.web.origin import user_of
from connections.words.access.short import in_short, scope_in_short

if TYPE_CHECKING:
    from django.db.models import QuerySet

LINK, PASSWORD = "link", "password"
NO_NAME = gettext_lazy("An e-mail address that is a user name here has no more than 150 letters, digits and @ . + - _.")


class RoleField(forms.ModelChoiceField):
    def label_from_instance(self, group: Group) -> str:
        return in_words(group)


class RolesField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, group: Group) -> str:
        return in_words(group)


class PersonForm(forms.Form):
    """Who somebody is. Their e-mail address is the name by which they sign in, when they are added here."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=150)
    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=254)

    def __init__(self, data: Any = None, *, actor: User, **kwargs: Any) -> None:
        super().__init__(data, label_suffix="", **kwargs)
        self.actor = actor

    def full_name(self) -> dict[str, str]:
        """As Django keeps it, in two parts: what stands before the last space, and after it."""
        first, _space, last = self.cleaned_data["name"].rpartition(" ")
        return {"first_name": first, "last_name": last} if first else {"first_name": last, "last_name": ""}


class AddForm(PersonForm):
    role = RoleField(
        Group.objects.none(), label=gettext_lazy("Role"), widget=forms.RadioSelect, empty_label=None, blank=True
    )
    first = forms.ChoiceField(
        label=gettext_lazy("The first sign-in"),
        widget=forms.RadioSelect,
        initial=LINK,
        choices=[
            (LINK, gettext_lazy("By a one-time link, shown once to you")),
            (PASSWORD, gettext_lazy("By a password that is typed here, for somebody beside you")),
        ],
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Only where you chose a password above."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_asked():
            self.fields["reason"] = why_field()
        role: Any = self.fields["role"]
        role.queryset = roles_for(self.actor).order_by("name").prefetch_related(*IN_WORDS)
        self.fields["email"].help_text = _("Used to sign in.")

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        try:
            User.username_validator(email)
        except ValidationError:
            raise ValidationError(NO_NAME) from None
        if len(email) > 150:
            raise ValidationError(NO_NAME)
        if User.objects.filter(username__iexact=email).exists():
            raise ValidationError(_("Somebody signs in by this address already."))
        return email

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if said.get("first") == PASSWORD:
            try:
                validate_password(said.get("password", ""), User(username=said.get("email", "")))
            except ValidationError as error:
                self.add_error("password", error)
        ask_why(self, "role")
        return said


class ChangeForm(PersonForm):
    roles = RolesField(
        Group.objects.none(), label=gettext_lazy("Roles"), required=False, widget=forms.CheckboxSelectMultiple
    )
    may_sign_in = forms.BooleanField(
        label=gettext_lazy("May sign in"),
        required=False,
        help_text=gettext_lazy("Untick this when somebody leaves. Nobody is ever deleted: the history names them."),
    )

    def __init__(self, data: Any = None, *, person: User, **kwargs: Any) -> None:
        initial = {
            "name": person.get_full_name(),
            "email": person.email,
            "roles": list(person.groups.values_list("pk", flat=True)),
            "may_sign_in": person.is_active and person.is_staff,
        }
        super().__init__(data, initial=initial, **kwargs)
        self.person = person
        # Who was made without them, by a command, may stay so.
        self.fields["name"].required = self.fields["email"].required = False
        roles: Any = self.fields["roles"]
        roles.queryset = roles_for(self.actor).order_by("name").prefetch_related(*IN_WORDS)
        if not rights.may_change_rights_of(self.actor, person):
            del self.fields["roles"], self.fields["may_sign_in"]
        elif is_asked():
            self.fields["reason"] = why_field()

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        ask_why(self, "roles", "may_sign_in")
        return said

    def clean_roles(self) -> QuerySet[Group]:
        chosen: QuerySet[Group] = self.cleaned_data["roles"]
        if why := directory.refuse_by_hand(self.person, [one.name for one in (*chosen, *self.kept_roles())]):
            raise ValidationError(why)
        return chosen

    def kept_roles(self) -> QuerySet[Group]:
        """The person's roles that who changes them may not give: they stay."""
        return self.person.groups.exclude(pk__in=roles_for(self.actor).values("pk"))

    def clean_may_sign_in(self) -> bool:
        stays: bool = self.cleaned_data["may_sign_in"]
        if not stays and rights.is_last_superuser(self.person):
            raise ValidationError(LAST_SUPERUSER)
        return stays


def roles_for(actor: User) -> QuerySet[Group]:
    """The roles that `actor` may give, and know."""
    return rights.groups_within(actor).filter(pk__in=roles_known_to(actor))


IN_WORDS = ("permissions__content_type", "scope_rules__account")


def in_words(group: Group) -> str:
    """`Operators: see, stop, open, hold`, with what bounds it."""
    does = in_short(permission_names(group.permissions.all())) or _("nothing")
    words = _("%(role)s: %(does)s") % {"role": group.name, "does": does}
    scope = scope_in_short(group)
    return f"{words} ({scope})" if scope else words


@never_cache
@sensitive_post_parameters()
def add(request: HttpRequest) -> HttpResponse:
    if lacking := missing(request.user, "add_user", "change_user"):
        raise Lacks(*lacking, but=NOTHING_CHANGED)
    form = AddForm(request.POST if request.method == "POST" else None, actor=user_of(request))
    if form.is_valid():
        person = _added(form, request)
        if form.cleaned_data["first"] == LINK:
            return link_page(request, person, is_new=True)
        return HttpResponseRedirect(reverse("person", args=[person.pk]))
    return _page(request, form, title=_("Add person"), action=_("Add person"))


@never_cache
def change(request: HttpRequest, pk: int) -> HttpResponse:
    actor = user_of(request)
    if not may(actor, "change_user"):
        raise Lacks("change_user", but=NOTHING_CHANGED)
    person = get_object_or_404(User, pk=pk)
    if not rights.may_change_person(actor, person):
        raise PermissionDenied(BEYOND)
    with transaction.atomic():
        form = ChangeForm(request.POST if request.method == "POST" else None, actor=actor, person=person)
        if form.is_valid():
            _changed(form, request)
            return HttpResponseRedirect(reverse("person", args=[pk]))
    called = person.get_full_name() or person.get_username()
    return _page(request, form, title=_("Change %s") % called, action=_("Save"), person=person)


def _page(request: HttpRequest, form: PersonForm, **shown: Any) -> HttpResponse:
    context = {**admin.site.each_context(request), "form": form, **shown}
    return TemplateResponse(request, "admin/people/access/person_form.html", context)


def _added(form: AddForm, request: HttpRequest) -> User:
    said = form.cleaned_data
    person = User(username=said["email"], email=said["email"], is_staff=True, **form.full_name())
    # Hashed before the transaction: on SQLite everybody else's writes would wait for it.
    person.set_password(said["password"] if said["first"] == PASSWORD else None)
    with transaction.atomic():
        person.save()
        person.groups.add(said["role"])
        settle(request, form, person, NOBODY, [])
    return person


def _changed(form: ChangeForm, request: HttpRequest) -> None:
    person, said = form.person, form.cleaned_data
    before = standing_of(person)
    wanted: dict[str, Any] = {**form.full_name(), "email": said["email"]}
    others = [name for name, value in wanted.items() if getattr(person, name) != value]
    if "roles" in form.changed_data:
        person.groups.set([*said["roles"], *form.kept_roles()])
    if "may_sign_in" in form.changed_data:
        wanted["is_active"] = said["may_sign_in"]
        wanted["is_staff"] = person.is_staff or said["may_sign_in"]
    for name, value in wanted.items():
        setattr(person, name, value)
    person.save(update_fields=list(wanted))
    settle(request, form, person, before, others)
