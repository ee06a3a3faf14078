"""What recurs on pages: notes, ways through a long list, the way to a page."""

from __future__ import annotations

from django.template import engines

from tests.support.pages import text_of


def html_of(source: str, **context: object) -> str:
    return engines["django"].from_string("{% load panel %}" + source).render(context)


def test_a_note_has_its_icon_and_what_stands_in_it() -> None:
    html = html_of('{% note "warning" "clock" %}<b>{{ who }}</b> waits.{% endnote %}', who="<eu>")
    assert '<div class="note warning"><svg class="icon"' in html
    assert html.endswith("<div><b>&lt;eu&gt;</b> waits.</div></div>")
    assert text_of(html) == "<eu> waits."


def test_a_note_is_known_again_and_read_aloud_where_that_is_asked() -> None:
    html = html_of('{% note "" "info" key=7 role="alert" %}{% endnote %}')
    assert '<div class="note" data-key="7" role="alert">' in html


def test_a_pager_leads_back_and_on() -> None:
    html = html_of('{% pager "?p=1" "?p=3" %}Rows{% endpager %}')
    assert text_of(html) == "Rows Previous Next"
    assert 'aria-label="Pages"' in html and 'href="?p=1"' in html and 'href="?p=3"' in html


def test_a_pager_of_one_page_leads_nowhere() -> None:
    assert text_of(html_of("{% pager %}Rows{% endpager %}")) == "Rows"


def test_a_pager_shows_a_way_that_leads_nowhere_only_when_asked() -> None:
    assert "Previous" not in html_of('{% pager "" "?p=2" %}{% endpager %}')
    both = html_of('{% pager "" "?p=2" both=True %}{% endpager %}')
    assert '<span class="button small" aria-disabled="true">' in both


def test_a_pager_by_time_says_newest_and_older() -> None:
    html = html_of('{% pager "?" "?before=7" by_time=True label="Runs" %}Newest first{% endpager %}')
    assert text_of(html) == "Newest first Newest Older"
    assert 'aria-label="Runs"' in html


def test_breadcrumbs_lead_from_section_to_page() -> None:
    html = html_of('{% breadcrumbs "admin:connections_stoprun_changelist" "Runs" "/x/" run title %}', run=7, title="<>")
    ways = '<li><a href="/admin/connections/stoprun/">Runs</a></li><li><a href="/x/">7</a></li>'
    assert html == f'<ol class="breadcrumbs">{ways}<li>&lt;&gt;</li></ol>'
