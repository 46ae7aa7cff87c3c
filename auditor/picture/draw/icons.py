"""Small line drawings, 16 by 16, by what they stand for. They repeat what the words beside them say."""

from __future__ import annotations

from collections.abc import Mapping

ICONS: Mapping[str, str] = {
    "globe": "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M1.5 8h13M8 1.5c-4 4-4 9 0 13M8 1.5c4 4 4 9 0 13",
    "network": "M2 3h5v4H2zM9 9h5v4H9zM4.5 7v4H9M7 5h4.5v4",
    "gateway": "M3 14V2.5h7V14M1.5 14h13M7.8 8.5h.4M10 4h3v10",
    "address": "M8 14.5C4.5 10.5 3 8.4 3 6.3a5 5 0 0 1 10 0c0 2.1-1.5 4.2-5 8.2M8 4.7a1.6 1.6 0 1 0 0 3.2"
    "a1.6 1.6 0 1 0 0-3.2",
    "shield": "M8 1.5l5.5 2v4c0 3.5-2.3 5.7-5.5 7c-3.2-1.3-5.5-3.5-5.5-7v-4z",
    "no-shield": "M8 1.5l5.5 2v4c0 3.5-2.3 5.7-5.5 7c-3.2-1.3-5.5-3.5-5.5-7v-4zM1.5 14.5l13-13",
    "screen": "M1.5 2.5h13v8.5h-13zM5.5 14h5M8 11v3",
    "plug": "M5 2v4M11 2v4M3.5 6h9v2a4.5 4.5 0 0 1-9 0zM8 12.5v2.5",
    "window": "M1.5 2.5h13v11h-13zM1.5 5.7h13M3.5 4.1h.4M5.5 4.1h.4",
    "drum": "M2.5 4c0-2.7 11-2.7 11 0v8c0 2.7-11 2.7-11 0zM2.5 4c0 2.7 11 2.7 11 0M2.5 8c0 2.7 11 2.7 11 0",
    "key": "M5 7a3.5 3.5 0 1 0 0 .1M8.4 7h6.1M12 7v3M14.5 7v2",
    "crate": "M2 4.5l6-3l6 3v7l-6 3l-6-3zM2 4.5l6 3l6-3M8 7.5v7",
    "spark": "M8 1.5l1.6 4.9l4.9 1.6l-4.9 1.6l-1.6 4.9l-1.6-4.9l-4.9-1.6l4.9-1.6z",
    "lens": "M7 2a5 5 0 1 0 0 10a5 5 0 1 0 0-10M10.6 10.6l4 4",
    "flask": "M6 1.5h4M7 1.5v4.5l-4.5 7.5c0 .7.5 1 1 1h9c.5 0 1-.3 1-1l-4.5-7.5v-4.5M4.7 10h6.6",
    "person": "M8 2a2.8 2.8 0 1 0 0 5.6a2.8 2.8 0 1 0 0-5.6M2.5 14.5c0-6 11-6 11 0z",
    "chart": "M2 2v12h12.5M5 11.5v-3M8.5 11.5v-6M12 11.5v-8",
    "gear": "M8 5.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5M8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2"
    " 11.2l1.4 1.4M3.4 12.6l1.4-1.4M11.2 4.8l1.4-1.4",
    "box": "M2.5 3h11v10h-11zM2.5 6.5h11",
    "arrow": "M2 8h11M9 4l4 4l-4 4",
}
