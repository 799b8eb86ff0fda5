"""`/openapi.json` and `/docs`: the interface to read and try in a browser, with nothing loaded from elsewhere.

Offices have networks of their own; FastAPI's page would fetch its programs from a public server. The whole document is
more than a browser shows in reasonable time: `/docs` lists the subjects, and each has a page of its own.
"""

from __future__ import annotations

import asyncio
from html import escape
from importlib.resources import files
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from domain.refusals import refuse
from service.api.http.document import PageOfDocs, part, subjects, whole

ASSETS: Final = "/docs-assets"
_JSON: Final = "application/json"


def serve_docs(app: FastAPI) -> None:
    """Add the documents, their pages and what these load to an application."""
    folder = str(files("fastapi_offline") / "static")
    app.mount(ASSETS, StaticFiles(directory=folder), name="docs-assets")
    for path, endpoint in (
        ("/openapi.json", _document),
        ("/openapi/{subject}.json", _document_of_subject),
        ("/docs", _contents),
        ("/docs/{subject}", _page_of_subject),
    ):
        app.add_api_route(path, endpoint, methods=["GET"], include_in_schema=False)


async def _document() -> Response:
    return Response(await asyncio.to_thread(whole), media_type=_JSON)


async def _document_of_subject(subject: str) -> Response:
    await _known(subject)
    return Response(await asyncio.to_thread(part, subject), media_type=_JSON)


async def _contents(request: Request) -> HTMLResponse:
    listed = "".join(
        f'<li><a href="/docs/{one.name}">{escape(one.title)}</a> {one.name} · {one.operations}</li>'
        for one in await asyncio.to_thread(subjects)
    )
    return HTMLResponse(_PAGE.format(title=escape(request.app.title), listed=listed))


async def _page_of_subject(subject: str) -> HTMLResponse:
    known = await _known(subject)
    return get_swagger_ui_html(
        openapi_url=f"/openapi/{subject}.json",
        title=f"{known.title} · Taizhang 台账",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
        swagger_ui_parameters={"validatorUrl": None, "docExpansion": "list", "defaultModelsExpandDepth": -1},
    )


async def _known(subject: str) -> PageOfDocs:
    """The subject of this name; NOT_FOUND."""
    for one in await asyncio.to_thread(subjects):
        if one.name == subject:
            return one
    raise refuse("NOT_FOUND", what=subject[:60])


_PAGE: Final = """<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="/docs-assets/favicon.png">
<style>body{{font:16px/1.8 sans-serif;max-width:46em;margin:2em auto;padding:0 1em}}ul{{columns:2}}</style></head>
<body><h1>{title}</h1><p>接口说明，按业务分页（名称、标签、操作数）。完整文档：<a href="/openapi.json">openapi.json</a></p>
<ul>{listed}</ul></body></html>
"""
