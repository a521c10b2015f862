"""A client of botledger's HTTP API in Python's standard library alone. Copy this file into your bot."""

import http.client
import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

# Too many requests, and Redis or the database being away: the same request may succeed soon.
RETRIED = (429, 502, 503, 504)


class LedgerError(Exception):
    """The ledger refused. `status` is that of HTTP, 0 for no answer; `errors` names each field that does not fit."""

    def __init__(self, status, problem):
        super().__init__(f"{status} {problem.get('detail', 'no answer')} {problem.get('errors', '')}".strip())
        self.status = status
        self.errors = problem.get("errors", [])


class Ledger:
    """Writes and reads in the name of one bot."""

    def __init__(self, url, bot, token, patience=60):
        """`patience`: for how many seconds a request is repeated while the ledger is away."""
        self.url = url.rstrip("/")
        self.bot = urllib.parse.quote(bot, safe="")
        self.token = token
        self.patience = patience

    def send(self, operations, key=None, wait=5):
        """
        Sends operations that are applied together, all or none: `[{"name": "addXp", "telegramId": 1, "xp": 5}]`.

        `key` says what happened, e.g. `upd-<update_id>`: under one key they are applied once, however often they are
        sent, by this process or by another. `wait` is in seconds, at most 30.

        Returns their outcomes, or None when the ledger has them and applies them later: ask `outcomes(key)` then.
        """
        # Made once for all attempts: an attempt without an answer may still have arrived.
        headers = {"Idempotency-Key": key or str(uuid.uuid4()), "Prefer": f"wait={wait}"}
        body = {"operations": operations}
        return self._request(f"/v1/bots/{self.bot}/operations", body, headers, timeout=wait + 10).get("outcomes")

    def outcomes(self, key):
        """What became of the operations sent under this key; None while they wait, or when nothing is known of it."""
        path = f"/v1/bots/{self.bot}/operations/{urllib.parse.quote(key, safe='')}"
        unit = self.get(path) or {}
        if unit.get("status") == "failed":
            raise LedgerError(422, {"detail": unit["reason"]})
        return unit.get("outcomes")

    def session(self, telegram_id):
        """`{"user", "session", "stats"}` of this bot; `user` is None for somebody whom nobody knows yet."""
        return self.get(f"/v1/bots/{self.bot}/users/{telegram_id}/session")

    def get(self, path, **query):
        """Reads any address of the API (/docs shows them all); None when there is nothing."""
        try:
            return self._request(f"{path}?{urllib.parse.urlencode(query)}" if query else path)
        except LedgerError as error:
            if error.status == 404:
                return None
            raise

    def _request(self, path, body=None, headers=None, timeout=10):
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})}
        deadline = time.monotonic() + self.patience
        pause = 0.2
        while True:
            try:
                request = urllib.request.Request(self.url + path, data, headers)
                with urllib.request.urlopen(request, timeout=timeout) as response:
                    return json.load(response)
            except urllib.error.HTTPError as error:
                failure = LedgerError(error.code, _problem(error))
                if error.code not in RETRIED:
                    raise failure from None
                after = error.headers.get("Retry-After", "")
                asked = int(after) if after.isdigit() else 0
            except (OSError, http.client.HTTPException) as error:
                failure, asked = LedgerError(0, {"detail": str(error)}), 0
            # Random, so that bots that were cut off together do not come back all at once.
            delay = max(asked, pause * random.uniform(0.5, 1))
            if time.monotonic() + delay > deadline:
                raise failure from None
            time.sleep(delay)
            pause = min(pause * 2, 5)


def _problem(error):
    try:
        return json.load(error)
    except ValueError:
        return {}
