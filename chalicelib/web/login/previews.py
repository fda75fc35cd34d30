"""Who fetches a link without anybody having followed it: programs that show a preview, and browsers that guess ahead.

The tokens are those that their makers document, so a browser inside such a program is not taken for one of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalice.app import Request as HttpRequest

PREVIEWERS = {
    "Slackbot": "https://api.slack.com/robots",
    "Slack-ImgProxy": "https://api.slack.com/robots",
    "facebookexternalhit": "https://developers.facebook.com/docs/sharing/webmasters/web-crawlers",
    "Facebot": "https://developers.facebook.com/docs/sharing/webmasters/web-crawlers",
    "meta-externalfetcher": "https://developers.facebook.com/docs/sharing/webmasters/web-crawlers",
    "Twitterbot": "https://developer.x.com/en/docs/x-for-websites/cards/guides/getting-started",
    "LinkedInBot": "https://www.linkedin.com/help/linkedin/answer/a521928",
    "Discordbot": "https://discord.com/developers/docs/reference",
    "TelegramBot": "https://core.telegram.org/bots/webhooks",
    "WhatsApp": "https://developers.facebook.com/docs/whatsapp (the program itself fetches previews)",
    "SkypeUriPreview": "https://learn.microsoft.com/skypeforbusiness (Skype and Teams)",
    "Microsoft Office": "https://learn.microsoft.com/office (Office opens a link before the browser does)",
    "ms-office": "https://learn.microsoft.com/office",
    "BingPreview": "https://www.bing.com/webmasters/help/which-crawlers-does-bing-use-8c184ec0",
    "bingbot": "https://www.bing.com/webmasters/help/which-crawlers-does-bing-use-8c184ec0",
    "Googlebot": "https://developers.google.com/search/docs/crawling-indexing/overview-google-crawlers",
    "Google-PageRenderer": "https://developers.google.com/search/docs/crawling-indexing/overview-google-crawlers",
    "Google-Read-Aloud": "https://developers.google.com/search/docs/crawling-indexing/overview-google-crawlers",
    "GoogleImageProxy": "https://support.google.com/mail/answer/145919",
    "Applebot": "https://support.apple.com/en-us/119829",
    "Mattermost-Bot": "https://docs.mattermost.com (link previews)",
    "Iframely": "https://iframely.com/docs/about",
    "Embedly": "https://docs.embed.ly",
    "redditbot": "https://www.reddit.com",
    "Pinterestbot": "https://help.pinterest.com/en/business/article/pinterestbot",
    "vkShare": "https://dev.vk.com",
    "Mastodon/": "https://docs.joinmastodon.org (link cards)",
    "Synapse": "https://element-hq.github.io/synapse/latest/setup/url_previews.html",
    "YandexBot": "https://yandex.com/support/webmaster/robot-workings/user-agent.html",
    "Proofpoint": "https://www.proofpoint.com (URL Defense)",
    "Barracuda": "https://www.barracuda.com (Link Protection)",
}
"""What a preview's user agent contains, and where its maker says so."""
_PREVIEWER = re.compile("|".join(re.escape(token) for token in PREVIEWERS), re.IGNORECASE)
_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")
"""Headers by which browsers say that they fetch ahead (Fetch Standard; older names of Chromium, Safari, Firefox)."""


def fetched_ahead(http: HttpRequest) -> bool:
    """Whether a browser fetches in the hope that somebody will follow the link."""
    said = (http.headers.get(name, "").lower() for name in _AHEAD)
    return any("prefetch" in value or "prerender" in value or "preview" in value for value in said)


def previews(http: HttpRequest) -> bool:
    """Whether a program fetches a link to show what is behind it."""
    return _PREVIEWER.search(http.headers.get("user-agent", "")) is not None
