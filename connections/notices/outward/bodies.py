"""The body that each form of endpoint wants, for one event."""

from __future__ import annotations

from typing import Any

from connections.models.telling.webhooks import Form

PAGES = {"history": "critical", "worker": "critical", "unreached": "error", "account": "error"}
"""How urgent an alarm is to PagerDuty; what is not named is a warning."""


def body_of(form: str, event: dict[str, Any], key: str) -> dict[str, Any] | None:
    """The JSON of `event` for `form`. `key`: PagerDuty's routing key. None where this form has nothing to say of it.

    Slack: api.slack.com, incoming webhooks; Teams: an adaptive card for a workflow; PagerDuty: Events API v2.
    """
    data = event["data"]
    words, link = data["words"], data.get("link", "")
    match form:
        case Form.SLACK:
            return {"text": f"{_escaped(words)} <{link}|panel>" if link else _escaped(words)}
        case Form.TEAMS:
            return _card(words, link)
        case Form.PAGERDUTY:
            return _page(event, key)
        case _standard:
            return event


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _card(words: str, link: str) -> dict[str, Any]:
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": words, "wrap": True}],
    }
    if link:
        content["actions"] = [{"type": "Action.OpenUrl", "title": "remoteit-admin", "url": link}]
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": content}]}


def _page(event: dict[str, Any], key: str) -> dict[str, Any] | None:
    """An alarm and its end have one `dedup_key`; whatever else happened pages nobody."""
    data = event["data"]
    if event["type"] not in ("alarm.raised", "alarm.cleared", "test"):
        return None
    page: dict[str, Any] = {
        "routing_key": key,
        "event_action": "resolve" if event["type"] == "alarm.cleared" else "trigger",
        "dedup_key": f"remoteit-admin-{data.get('alarm_id', 'test')}",
        "payload": {
            "summary": data["words"][:1024],
            "source": "remoteit-admin",
            "severity": "info" if event["type"] == "test" else PAGES.get(data.get("alarm", ""), "warning"),
            "custom_details": {name: data[name] for name in ("seq", "hash", "run_id") if name in data},
        },
    }
    if data.get("link"):
        page["links"] = [{"href": data["link"], "text": "remoteit-admin"}]
    return page
