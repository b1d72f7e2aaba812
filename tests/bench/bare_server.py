"""A bare aiohttp handler, to hold the service against: it answers what it was told, and does nothing else."""

from __future__ import annotations

import asyncio
import json
import sys

from aiohttp import web


async def main(said: str) -> None:
    """Serve `said` under every path, and tell where."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=said, content_type="application/json")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    print(json.dumps({"address": f"http://{host}:{port}"}), flush=True)
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1]))
