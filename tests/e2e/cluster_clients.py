"""Clients of a cluster: each does all that its revision has, again and again,
and writes down what it is told."""
import asyncio
import collections
import json
import random
import re
import time
import urllib.parse

import mcp
import storm

ELICITATION = ("2025-06-18", "2025-11-25")
ENDED = "notifications/cancelled"
# What clients of streams may hear that is of no call.
CHANGED = ("notifications/tools/list_changed",
           "notifications/prompts/list_changed",
           "notifications/resources/list_changed")
# A run that nobody knows the end of, or that could not be.
GIVEN_UP = -32603


class Ledger:
    """What all clients sent and were told; what must not be."""

    def __init__(self):
        # Hosts or processes die.
        self.may_kill = False
        # Questions find no room, and are not asked then.
        self.may_fill = False
        # Streams end when another database server leads.
        self.may_renew = False
        self.counts = collections.Counter()
        self.statuses = collections.Counter()
        self.broken = []
        # Who said it: (time, status, what).
        self.refused = []
        # Of streams, by number: [(id, message)].
        self.streams = {}

    def wrong(self, text, *arguments):
        self.broken.append(text % arguments)

    def saw(self, method, reply):
        who = source(reply)
        kind = "%d" % reply.status if reply.status < 300 \
            else "%d %s" % (reply.status, who)
        self.statuses[kind] += 1
        if reply.status >= 300:
            self.refused.append((time.monotonic(), reply.status, who,
                                 method, reply.headers))

    def keep(self, watch):
        """Compared with the store later."""
        if watch.last_id is not None:
            number = int(watch.last_id.split("-")[1])
            self.streams.setdefault(number, []).extend(watch.seen)


def source(reply):
    """Who has answered?"""
    if "x-balancer" in reply.headers:
        return "balancer"
    if reply.headers.get("content-type", "").startswith("application/json"):
        return "server"
    return "lighttpd"


class Renewed(Exception):
    """The store says that all streams so far are over."""


class Member(storm.Client):
    """A client of a revision with sessions and streams."""

    retries = 30
    tries = 60

    def __init__(self, url, number, revision, ledger, seed):
        super().__init__([url], number, revision)
        self.ledger = ledger
        self.dice = random.Random("%s/%d" % (seed, number))
        self.capabilities = {"elicitation": {}} if revision in ELICITATION \
            else {"sampling": {}}
        self.calls = 0
        self.listening = None
        self.token = None
        self.renew()

    def renew(self):
        self.session = None
        self.is_leaving = False
        self.token = "s%dx%06x" % (self.number,
                                   self.dice.randrange(1 << 24))

    async def send(self, method, message=None, **more):
        reply = await super().send(method, message, **more)
        self.ledger.saw(method, reply)
        if reply.status == 404 and not self.is_leaving:
            self.ledger.wrong("404 for a live session: %s %r", method,
                              message)
        return reply

    async def resume(self, watch):
        try:
            return await super().resume(watch)
        except storm.Refused as refused:
            if refused.status == 400 and self.ledger.may_renew:
                raise Renewed() from None
            raise

    async def listen(self):
        while True:
            try:
                return await super().listen()
            except Renewed:
                self.ledger.counts["streams begun anew"] += 1

    async def request(self, method, params, marker, watch=None):
        try:
            return await super().request(method, params, marker, watch)
        except Renewed:
            self.ledger.counts["ended with its stream"] += 1
            return None

    async def asked(self, watch, question):
        """Answer, at the next host, until somebody has taken it."""
        if self.token not in json.dumps(question):
            self.ledger.wrong("%s: question of another: %r", watch.name,
                              question)
        if question["method"] == "elicitation/create":
            result = mcp.accept(name="Ada" + self.token)
        else:
            result = {"role": "assistant", "model": "m",
                      "stopReason": "endTurn", "content": {
                          "type": "text", "text": "Ada" + self.token}}
        await self.insist({"jsonrpc": "2.0", "id": question["id"],
                           "result": result})
        self.ledger.counts["answered"] += 1

    async def insist(self, message):
        """Post it until it is accepted; it may come twice."""
        for _ in range(self.tries):
            try:
                reply, _ = await self.post(message)
                if reply.status == 202:
                    return True
                if reply.status < 500:
                    self.ledger.wrong("%d for %r", reply.status, message)
                    return False
            except storm.LOST:
                pass
            await asyncio.sleep(0.2)
        self.ledger.wrong("never accepted: %r", message)
        return False

    def marker(self):
        self.calls += 1
        return "%s-%d-" % (self.token, self.calls)

    # ------------------------------------------------- things that it does

    async def count(self):
        tool = self.dice.choice(("count", "count", "count_script"))
        await self.whole_call(tool, {"n": 6, "ms": 100})

    async def ask(self):
        tool = "ask" if self.revision in ELICITATION else "think"
        response = await self.whole_call(tool, {})
        if response and "result" in response and \
                not self.ledger.may_fill and \
                "Ada" + self.token not in json.dumps(response):
            self.ledger.wrong("not the answer given: %r", response)

    async def whole_call(self, tool, arguments):
        marker = self.marker()
        watch = storm.Watch("%s %s" % (tool, marker))
        response = await self.call(tool, arguments, marker, watch)
        self.ledger.keep(watch)
        self.count_response(response)
        if response and len(watch.seen) > 2 and self.dice.random() < .2:
            await self.read_again(watch)
        return response

    def count_response(self, response):
        if response is None:
            self.ledger.counts["not accepted"] += 1
        elif "error" not in response:
            self.ledger.counts["result"] += 1
        elif response["error"]["code"] == GIVEN_UP:
            self.ledger.counts["outcome unknown"] += 1
        else:
            self.ledger.wrong("error: %r", response)

    async def read_again(self, watch):
        """All of it but the first event, from another host."""
        again = storm.Watch(watch.name + " again")
        again.last_id, again.retry = watch.seen[0][0], 0.05
        reply = await self.resume(again)
        if reply is None:
            self.ledger.wrong("%s: given up", again.name)
            return
        try:
            async for event_id, retry, message in reply.events():
                again.take(event_id, retry, message)
        except storm.LOST:
            pass
        finally:
            reply.close()
        expected = [event for event in watch.seen[1:] if event[1]]
        found = [event for event in again.seen if event[1]]
        if found != expected[:len(found)]:
            self.ledger.wrong("%s: %r instead of %r", again.name, found,
                              expected)
        self.ledger.counts["read again"] += 1

    async def cancel(self):
        """Nothing comes any more when the cancellation was accepted."""
        marker = self.marker()
        number = self.requests + 1
        watch = storm.Watch("cancelled %s" % marker)
        call = asyncio.ensure_future(self.call(
            "count_script", {"n": 1000, "ms": 100}, marker, watch))
        while watch.last_id is None and not call.done():
            await asyncio.sleep(0.05)
        # It may run although we were cut off before we heard of it.
        if await self.insist({"jsonrpc": "2.0", "method": ENDED,
                              "params": {"requestId": number}}):
            # Who runs it may not have the store just now.
            for _ in range(15):
                known = len(watch.seen)
                await asyncio.sleep(1)
                if len(watch.seen) == known:
                    break
            else:
                self.ledger.wrong("%s goes on and on", watch.name)
            self.ledger.counts["cancelled"] += 1
        call.cancel()
        done = (await asyncio.gather(call, return_exceptions=True))[0]
        if isinstance(done, dict) and "result" in done:
            self.ledger.wrong("%s: %r", watch.name, done)

    async def task(self):
        marker = self.marker()
        created = await self.request("tools/call", {
            "name": "count_script", "task": {},
            "arguments": {"n": 5, "ms": 100, "marker": marker}}, "")
        if not created or "result" not in created:
            self.ledger.counts["task not accepted"] += 1
            return
        task = {"taskId": created["result"]["task"]["taskId"]}
        for _ in range(100):
            await asyncio.sleep(0.3)
            found = await self.request("tasks/get", task, "")
            if not found:
                continue
            if "result" not in found:
                self.ledger.wrong("task: %r", found)
                return
            if found["result"]["status"] in ("completed", "failed"):
                self.ledger.counts["task " + found["result"]["status"]] += 1
                break
        else:
            self.ledger.wrong("a task that never ends: %r", found)
            return
        if found["result"]["status"] == "completed":
            response = None
            for _ in range(self.tries):
                response = await self.request("tasks/result", task, marker)
                if response is not None:
                    return
                await asyncio.sleep(0.2)
            self.ledger.wrong("no result of task %r", task)

    async def inline(self):
        for method in ("ping", "tools/list"):
            response = await self.request(method, {}, "")
            self.ledger.counts["inline" if response else "inline lost"] += 1
            if response and "error" in response:
                self.ledger.wrong("%s: %r", method, response)

    async def leave(self):
        """DELETE, and nobody knows the session any more."""
        await self.hang_up()
        self.is_leaving = True
        await self.delete()
        if self.broken:
            return
        for _ in range(3):
            try:
                reply, body = await self.post({
                    "jsonrpc": "2.0", "id": 1, "method": "tools/list"})
            except storm.LOST:
                continue
            if reply.status != 404 and reply.status < 500:
                self.ledger.wrong("%d after DELETE: %r", reply.status,
                                  body[:200])
        self.ledger.counts["left"] += 1
        self.renew()
        await self.begin()

    # ---------------------------------------------------------- its life

    async def begin(self):
        while self.session is None:
            await self.open()
        self.listening = asyncio.ensure_future(self.listen())

    async def hang_up(self):
        task, self.listening = self.listening, None
        if task is None:
            return
        task.cancel()
        done = (await asyncio.gather(task, return_exceptions=True))[0]
        if isinstance(done, Exception):
            self.ledger.wrong("stream of %d: %r", self.number, done)

    async def live(self, until):
        doings = [self.count, self.count, self.ask, self.cancel, self.inline]
        if self.revision == "2025-11-25":
            doings.append(self.task)
        if self.number % 4 == 0:
            doings.append(self.leave)
        while time.monotonic() < until:
            try:
                await self.dice.choice(doings)()
            except storm.LOST:
                self.ledger.counts["cut"] += 1
            await asyncio.sleep(self.dice.random() * 0.3)

    async def end(self):
        await self.hang_up()
        self.is_leaving = True
        await self.delete()
        for text in self.broken:
            self.ledger.wrong("%s", text)


class Oldest:
    """A client of HTTP+SSE: its session ends with its stream."""

    def __init__(self, url, number, ledger, seed):
        self.url = urllib.parse.urljoin(url, "/sse")
        self.number = number
        self.ledger = ledger
        self.dice = random.Random("%s/%d" % (seed, number))
        self.endpoint = None
        self.waiting = {}
        self.requests = 0

    async def post(self, message):
        if self.endpoint is None:
            raise ConnectionError("the stream has ended")
        reply = await storm.send(
            urllib.parse.urljoin(self.url, self.endpoint), "POST",
            {"Content-Type": "application/json"}, message)
        try:
            await reply.body()
        finally:
            reply.close()
        self.ledger.saw("POST", reply)
        return reply.status

    async def stream(self):
        """One session, from its first event to its last."""
        reply = await storm.send(self.url, "GET",
                                 {"Accept": "text/event-stream"})
        try:
            self.ledger.saw("GET", reply)
            if reply.status != 200:
                await asyncio.sleep(0.3)
                return
            async for text in lines(reply):
                self.hear(text)
        finally:
            reply.close()
            self.endpoint = None
            for future in self.waiting.values():
                future.cancel()
            self.waiting = {}

    def hear(self, text):
        if self.endpoint is None:
            if "sessionId=" in text:
                self.endpoint = text
            return
        message = json.loads(text)
        if "method" in message:
            return
        future = self.waiting.pop(message["id"], None)
        if future is None:
            self.ledger.wrong("oldest %d: answered twice, or not asked: %r",
                              self.number, message)
        elif not future.done():
            future.set_result(message)

    async def request(self, method, params):
        """The response; None if it was not accepted."""
        self.requests += 1
        number = self.requests
        future = asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        status = await self.post({"jsonrpc": "2.0", "id": number,
                                  "method": method, "params": params})
        if status != 202:
            # It may have been done all the same, and answered.
            return None
        return await asyncio.wait_for(future, 40)

    async def talk(self):
        while self.endpoint is None:
            await asyncio.sleep(0.05)
        response = await self.request("initialize", {
            "protocolVersion": "2024-11-05", "capabilities": {},
            "clientInfo": {"name": "oldest", "version": "1"}})
        while response is not None:
            marker = "o%dx%06x-" % (self.number,
                                    self.dice.randrange(1 << 24))
            response = await self.request("tools/call", {
                "name": "count", "arguments": {"n": 4, "ms": 80,
                                               "marker": marker}})
            if response and marker not in json.dumps(response) \
                    and "error" not in response:
                self.ledger.wrong("oldest %d: another's: %r", self.number,
                                  response)
            self.ledger.counts["oldest"] += 1
            await asyncio.sleep(0.3)

    async def live(self, until):
        while time.monotonic() < until:
            stream = asyncio.ensure_future(self.stream())
            talk = asyncio.ensure_future(self.talk())
            try:
                await asyncio.wait({stream, talk}, timeout=max(
                    0.1, until - time.monotonic()),
                    return_when=asyncio.FIRST_COMPLETED)
            finally:
                stream.cancel()
                talk.cancel()
            for done in await asyncio.gather(stream, talk,
                                             return_exceptions=True):
                if isinstance(done, asyncio.TimeoutError):
                    self.ledger.wrong("oldest %d: accepted, never answered",
                                      self.number)
                elif isinstance(done, AssertionError):
                    self.ledger.wrong("oldest %d: %s", self.number, done)
            await asyncio.sleep(0.1)

    async def end(self):
        pass


async def lines(reply):
    """What stands behind each data: of a stream."""
    text = b""
    async for piece in reply.pieces():
        text += piece
        while b"\n" in text:
            line, _, text = text.partition(b"\n")
            if line.startswith(b"data:"):
                yield line[5:].strip().decode()


class Newest:
    """A client of the revision without sessions: a call that is cut off is
    lost, and nothing else."""

    def __init__(self, url, number, ledger, seed):
        self.url = url
        self.ledger = ledger
        self.number = number
        self.dice = random.Random("%s/%d" % (seed, number))
        self.talker = mcp.Modern(url, {"elicitation": {}})

    async def send(self, params):
        message = self.talker.message("tools/call", params)
        reply = await storm.send(self.url, "POST",
                                 self.talker.headers(message), message)
        self.ledger.saw("POST", reply)
        found = []
        try:
            if reply.headers.get("content-type", "").startswith(
                    "text/event-stream"):
                async for _, _, one in reply.events():
                    if one is not None:
                        found.append(one)
            elif reply.status == 200:
                found.append(json.loads(await reply.body()))
        finally:
            reply.close()
        return [one for one in found if "method" not in one]

    async def call(self, tool, arguments, marker):
        params = {"name": tool, "arguments": dict(arguments, marker=marker)}
        for _ in range(8):
            found = await self.send(params)
            if not found:
                self.ledger.counts["newest lost"] += 1
                return
            text = json.dumps(found)
            result = found[0].get("result", {})
            if result.get("resultType") == "input_required":
                params["requestState"] = result["requestState"]
                params["inputResponses"] = {
                    key: mcp.accept(name="Ada" + marker)
                    for key in result["inputRequests"]}
                continue
            if len(found) > 1 or ("error" not in found[0]
                                  and marker not in text):
                self.ledger.wrong("newest %d: %s", self.number, text)
            self.ledger.counts["newest" if "result" in found[0]
                               else "newest error"] += 1
            return
        self.ledger.wrong("newest %d: asked for ever", self.number)

    async def live(self, until):
        while time.monotonic() < until:
            marker = "n%dx%06x-" % (self.number,
                                    self.dice.randrange(1 << 24))
            try:
                if self.dice.random() < .3:
                    await self.call("ask", {}, marker)
                else:
                    await self.call("count", {"n": 4, "ms": 80}, marker)
            except storm.LOST:
                self.ledger.counts["newest lost"] += 1
            await asyncio.sleep(0.2)

    async def end(self):
        pass
