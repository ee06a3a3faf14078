from __future__ import annotations

from django.contrib import admin
from django.urls import path, re_path
from django.views.generic import RedirectView

from connections.admin.door import oidc
from connections.admin.door.claims import claims
from connections.admin.door.offer import declined
from connections.admin.notices import bell, feed, told
from connections.admin.overview.page import index
from connections.admin.people.access.add import add, change
from connections.admin.people.access.link import first_password, link
from connections.admin.people.access.listing import people
from connections.admin.people.access.person import person, sees
from connections.admin.people.access.review import access_review, access_review_csv
from connections.admin.people.ending import ending
from connections.admin.people.factors import factors
from connections.admin.people.own_password import password_change
from connections.admin.people.preferences import preferences
from connections.admin.people.prove import passkey_alone, prove, second_factor
from connections.admin.people.rights_notice import seen
from connections.admin.people.sessions import sessions
from connections.admin.people.sign_in import sign_in
from connections.admin.webhooks import pages as webhooks
from connections.api import description
from connections.api.api import api
from connections.api.metrics.page import metrics

handler400 = "connections.web.bad_request.bad_request"
handler404 = "connections.web.bad_request.not_found"
handler403 = "connections.admin.refusals.permission_denied"
handler500 = "connections.web.error_page.server_error"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("api/v1/openapi.json", description.openapi, name="api-description"),
    path("api/v1/docs", description.page, name="api-docs"),
    path("api/v1/", api.urls),
    path("metrics", metrics),
    re_path(r"^api/(?P<rest>.*)$", description.missing),
    path("admin/preferences/", admin.site.admin_view(preferences), name="preferences"),
    path("admin/notices/", admin.site.admin_view(bell.notices), name="notices"),
    path("admin/notices/menu/", admin.site.admin_view(bell.menu), name="notices_menu"),
    path("admin/notices/read/", admin.site.admin_view(bell.read), name="notices_read"),
    path("admin/notices/feed/", admin.site.admin_view(feed.feed), name="notices_feed"),
    path("admin/notices/told/", admin.site.admin_view(told.told), name="notices_told"),
    path("admin/notices/told/test/", admin.site.admin_view(told.test_email), name="notices_test_email"),
    path("admin/webhooks/", admin.site.admin_view(webhooks.list_view), name="webhooks"),
    path("admin/webhooks/add/", admin.site.admin_view(webhooks.add_view), name="webhook_add"),
    path("admin/webhooks/<int:pk>/", admin.site.admin_view(webhooks.page_view), name="webhook"),
    path("admin/webhooks/<int:pk>/change/", admin.site.admin_view(webhooks.change_view), name="webhook_change"),
    path("admin/webhooks/<int:pk>/do/", admin.site.admin_view(webhooks.do_view), name="webhook_do"),
    path("admin/prove/", admin.site.admin_view(prove), name="prove"),
    path("admin/door-offer/", admin.site.admin_view(declined), name="door_offer_declined"),
    path("admin/rights-seen/", admin.site.admin_view(seen), name="rights_seen"),
    # Before Django's own pages at the same addresses.
    path("admin/", admin.site.admin_view(index)),
    path("admin/login/", sign_in),
    path("admin/login/second/", second_factor, name="second_factor"),
    path("admin/login/oidc/", oidc.start, name="oidc_start"),
    path("admin/login/oidc/callback/", oidc.callback, name="oidc_callback"),
    path("admin/login/passkey/", passkey_alone, name="passkey_alone"),
    path("admin/sign-in/", admin.site.admin_view(factors), name="factors"),
    path("admin/people/claims/", admin.site.admin_view(claims), name="claims"),
    path("admin/people/<int:pk>/end/", admin.site.admin_view(ending), name="end_everything"),
    path("admin/people/", admin.site.admin_view(people), name="people"),
    path("admin/people/add/", admin.site.admin_view(add), name="person_add"),
    path("admin/people/<int:pk>/", admin.site.admin_view(person), name="person"),
    path("admin/people/<int:pk>/change/", admin.site.admin_view(change), name="person_change"),
    path("admin/people/<int:pk>/link/", admin.site.admin_view(link), name="person_link"),
    path("admin/people/<int:pk>/sees/", admin.site.admin_view(sees), name="person_sees"),
    path("admin/first-password/<uidb64>/<token>/", first_password, name="first_password"),
    path("admin/people/review/", admin.site.admin_view(access_review), name="access_review"),
    path("admin/people/review/csv/", admin.site.admin_view(access_review_csv), name="access_review_csv"),
    path("admin/sessions/", admin.site.admin_view(sessions), name="sessions"),
    path("admin/password_change/", admin.site.admin_view(password_change, cacheable=True)),
    path("admin/", admin.site.urls),
]
