"""What a bot in Python does with the ledger: python3 demo.py (README.md says what it needs)."""

import os
import sys

from botledger import Ledger, LedgerError

ledger = Ledger(os.environ.get("API_URL", "http://127.0.0.1:3000"), os.environ["BOT_NAME"], os.environ["API_TOKEN"])
john = int(sys.argv[1]) if len(sys.argv) > 1 else 42

# One update: everything it writes goes together, under its own number. Here Telegram delivers it twice.
update = {"update_id": 1001, "message": {"from": {"id": john, "first_name": "Джон"}}}
sender = update["message"]["from"]
for delivery in ("first", "second"):
    xp, badge = ledger.send(
        [
            {"name": "addXp", "telegramId": john, "xp": 150},
            {"name": "awardBadge", "telegramId": john, "badgeType": "spin_master", "metadata": {"score": 150}},
            {"name": "saveSession", "telegramId": john, "session": {"step": "done"}},
            {"name": "touchUser", "telegramId": john, "firstName": sender["first_name"]},
        ],
        key=f"upd-{update['update_id']}",
    )[:2]
    print(f"{delivery} delivery: {xp['totalXp']} XP, level {xp['newLevel']}, badge awarded: {badge['awarded']}")

# A refusal is an outcome, not an error.
(access,) = ledger.send([{"name": "consumeAccess", "telegramId": john}], key="training-1")
print(f"may train: {access['granted']}")

# A mistake is an error that names the field.
try:
    ledger.send([{"name": "addXp", "telegramId": john, "xp": "a lot"}])
except LedgerError as error:
    print(f"refused: {error.errors[0]}")

known = ledger.session(john)
print(f"{known['user']['firstName']}: {known['user']['totalXp']} XP, session {known['session']}")
for place in ledger.get("/v1/leaderboard", limit=3)["users"]:
    print(f"{place['rank']}. {place['firstName']}: {place['totalXp']} XP")
