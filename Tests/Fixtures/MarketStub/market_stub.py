#!/usr/bin/env python3
"""Market stub: mrkt, portals and tonnel on loopback, over one ledger in memory.  Python's standard library only.

The three answer under /mrkt, /portals and /tonnel with the JSON of their real APIs.  A user is whoever the initData
names (`user={"id":…}`); its hash is not checked.  With --sandbox a withdrawal is a transfer in the TON sandbox
(POST /sandbox/deposit), and deposits are what the sandbox shows at a market's wallet (GET /sandbox/received).
Listens on 127.0.0.1 only.

  python3 market_stub.py [--port 8082] [--sandbox http://127.0.0.1:8081] [--fault-rate 0.05 --seed 1]

test control (JSON bodies; amounts are nanotons)
    POST /stub/users    {"market","user","balance"}                   the user's balance there
    POST /stub/listings {"market","count"?,"price"?,"rows"?:[{…}]}     gifts for sale; rows: price, id, auction
    POST /stub/owned    {"market","user","count"}                      gifts of the user's own, every other one listed
    POST /stub/faults   {"market","kind","path"?,"count"?,"after"?,"ms"?,"retryAfter"?}   path: gifts/buy, buyGift/*
    POST /stub/expire   {"market","after"}     the credentials in use are refused after so many more calls; others are not
    POST /stub/chaos    {"faultRate","seed"}   each call is spoiled at random with that probability
    POST /stub/clear    {}                     no faults, no chaos
    GET  /stub/state    balances, sales, withdrawals carried out, calls that came: the oracle
kinds that spoil a call before it is carried out
    unauthorized (401) rate_limit (429) bad_gateway (502) html_forbidden (403, HTML) error_status (200, status error) hangup
kinds that carry it out, and spoil the answer
    lost_response (closed) late_bad_gateway (502) slow (after ms) empty (204) garbage (200, HTML)
kinds that change the rows of a page
    duplicate_ids cursor_loop nine_decimals ten_decimals price_form extra_fields null_attributes
"""
import argparse
import base64
import hashlib
import json
import random
import re
import threading
import time
import urllib.request
from collections import Counter
from decimal import Decimal
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

BEFORE = ("unauthorized", "rate_limit", "bad_gateway", "html_forbidden", "error_status", "hangup")
AFTER = ("lost_response", "late_bad_gateway", "slow", "empty", "garbage")
ROWS = ("duplicate_ids", "cursor_loop", "nine_decimals", "ten_decimals", "price_form", "extra_fields", "null_attributes")
RANDOM = ("unauthorized", "rate_limit", "bad_gateway", "html_forbidden", "hangup", "lost_response", "late_bad_gateway", "garbage")
MARKETS = ("mrkt", "portals", "tonnel")
HTML = "<!DOCTYPE html><html><body>Attention required</body></html>"
TON = 10 ** 9


class Answer(Exception):
    """An answer that ends a call early."""

    def __init__(self, status, body=None, headers=None):
        super().__init__(str(status))
        self.status, self.body, self.headers = status, body, headers or {}


class Hangup(Exception):
    pass


# ---- money, addresses, JSON
class Number(str):
    """A JSON number, written as it is."""


def write(value):
    def mark(v):
        if isinstance(v, Number):
            return "\x01%s\x01" % v
        if isinstance(v, dict):
            return {k: mark(x) for k, x in v.items()}
        return [mark(x) for x in v] if isinstance(v, list) else v
    return re.sub(r'"\\u0001([^"\\]*)\\u0001"', r"\1", json.dumps(mark(value))).encode()


def ton(nano, form=str):
    text = "%d.%09d" % divmod(nano, TON)
    return form(text.rstrip("0").rstrip("."))


def nano(value):
    """An amount in TON, as text or as a number, in nanotons; None for one that has none."""
    try:
        amount = Decimal(str(value)) * TON
    except ArithmeticError:
        return None
    return int(amount) if amount == int(amount) and amount > 0 else None


def raw_address(name):
    return "0:" + hashlib.sha256(name.encode()).hexdigest()


def friendly(raw):
    data = b"\x51\x00" + bytes.fromhex(raw[2:])
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return base64.urlsafe_b64encode(data + crc.to_bytes(2, "big")).decode()


# ---- the ledger
class Ledger:
    def __init__(self, args):
        self.lock = threading.RLock()
        self.args = args
        self.balances = {m: {} for m in MARKETS}       # market -> user -> nanotons
        self.gifts = {m: [] for m in MARKETS}          # dicts: n, price, owner, listed
        self.tokens = {}                               # mrkt's token -> user
        self.refused = {m: set() for m in MARKETS}     # credentials that are no more taken
        self.expiry = {}                               # market -> calls until then
        self.faults, self.chaos = [], (0.0, random.Random(1))
        self.sales, self.withdrawals, self.deposits = [], [], {}
        self.credited, self.waiting = set(), {}
        self.calls, self.auths, self.log = Counter(), 0, []

    def balance(self, market, user):
        return self.balances[market].setdefault(user, 0)

    def add(self, market, count, price, owner=None, listed=True, rows=None):
        for row in rows or [{} for _ in range(count)]:
            n = len(self.gifts[market]) + 1
            self.gifts[market].append({"n": n, "price": int(row.get("price", price)), "owner": owner,
                                       "listed": listed or n % 2 == 0, "row": row})

    def find(self, market, ident):
        return next((g for g in self.gifts[market] if identity(market, g) == str(ident)), None)

    def buy(self, market, user, ident, price, cost):
        """None when bought, or why not."""
        gift = self.find(market, ident)
        if gift is None or gift["owner"] is not None or not gift["listed"]:
            return "SOLD"
        if gift["price"] != price:
            return "PRICE_CHANGED"
        if self.balance(market, user) < cost:
            return "INSUFFICIENT_BALANCE"
        self.balances[market][user] -= cost
        gift.update(owner=user, listed=False)
        self.sales.append({"market": market, "user": user, "id": str(ident), "price": str(price), "paid": str(cost)})
        return None

    def withdraw(self, market, user, amount, wallet, fee=0):
        """The withdrawal, or why there is none."""
        if not re.fullmatch(r"[EU]Q[-_A-Za-z0-9]{46}", str(wallet)):
            return None, "BAD_ADDRESS"
        if amount is None or amount <= fee:
            return None, "BAD_AMOUNT"
        if self.balance(market, user) < amount:
            return None, "INSUFFICIENT_BALANCE"
        self.balances[market][user] -= amount
        row = {"market": market, "user": user, "id": str(90412 + len(self.withdrawals)), "amount": str(amount),
               "sent": str(amount - fee), "wallet": wallet, "status": "completed" if self.args.sandbox else "pending"}
        self.withdrawals.append(row)
        if self.args.sandbox:
            self.sandbox("deposit", {"to": wallet, "amount": str(amount - fee), "from": raw_address(market + " hot wallet")})
        return row, None

    def sandbox(self, name, body):
        request = urllib.request.Request("%s/sandbox/%s" % (self.args.sandbox, name), json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def arrived(self, market):
        """Payments at the market's wallet that were not credited: (key, comment, nanotons)."""
        if not self.args.sandbox:
            return []
        rows = self.sandbox("received", {"address": raw_address(market + " deposits")})
        # The wallet has no code, so what is paid to it is aborted, and stays unless it may bounce.
        return [(key, r["comment"], int(r["value"])) for r in rows
                if not r["bounced"] and (key := (market, r["lt"])) not in self.credited]

    def credit(self, market, user, key, value):
        self.credited.add(key)
        self.balances[market][user] = self.balance(market, user) + value


def identity(market, gift):
    n = gift["n"]
    if "id" in gift["row"]:
        return str(gift["row"]["id"])
    return str(4840784 + n) if market == "tonnel" else "%08x-2c6b-4d0e-9f53-%012x" % (0x1f0a6f00 + n, n)


# ---- who calls
def user_of(init_data):
    try:
        return str(json.loads(dict(parse_qsl(init_data))["user"])["id"])
    except (KeyError, ValueError, TypeError):
        raise Answer(401, {"message": "initData is not valid"})


class Call:
    """One call: its market, its path below the prefix, query, body, and who makes it."""

    def __init__(self, ledger, market, method, path, query, body, headers):
        self.ledger, self.market, self.method, self.path = ledger, market, method, path
        self.query, self.body, self.headers = query, body, headers
        self.fault, self.credential = None, self.read_credential()

    def read_credential(self):
        if self.market == "tonnel":
            return self.body.get("authData") or self.body.get("user_auth") or ""
        header = self.headers.get("Authorization") or ""
        if self.market == "portals":
            return header[4:] if header.startswith("tma ") else ""
        return self.body.get("data") or "" if self.path == "auth" else re.sub("^Bearer ", "", header)

    @property
    def user(self):
        ledger = self.ledger
        if self.credential in ledger.refused[self.market]:
            raise Answer(401, {"message": "expired"})
        if self.market == "mrkt" and self.path != "auth":
            if self.credential not in ledger.tokens:
                raise Answer(401, {"message": "no such token"})
            return ledger.tokens[self.credential]
        return user_of(self.credential)

    def is_fault(self, kind):
        return self.fault is not None and self.fault["kind"] == kind

    def answer(self):
        """(status, body) of the call, carried out."""
        name = "%s %s" % (self.method, re.sub(r"^(transactions|buyGift)/(?!await|withdraw)[^/]+$", r"\1/*", self.path))
        handler = ROUTES[self.market].get(name)
        if handler is None:
            raise Answer(404, {"message": "no such call"})
        return handler(self)


# ---- rows, with what may be wrong with them
def page_of(call, gifts, start, size):
    """The gifts of a page, and where the next one begins; None for nowhere."""
    if call.is_fault("duplicate_ids") and start:
        start -= size // 2                              # the half of the page before comes again
    rows = gifts[start:start + size]
    following = start + size if start + size < len(gifts) else None
    return (rows, 0 if call.is_fault("cursor_loop") else following)


def trait(call, value):
    return None if call.is_fault("null_attributes") else value


def price_text(call, price):
    if call.is_fault("nine_decimals"):
        return "%d.%09d" % (price // TON, 123456789)
    if call.is_fault("ten_decimals"):
        return "%d.%010d" % (price // TON, 1234567891)
    return ton(price)


def extra(call, row, **own):
    if call.is_fault("extra_fields"):
        own.update(newField={"a": [1, None, "x"]}, another=1.5e300)
    return {**row, **own}


# ---- mrkt
def mrkt_row(call, gift, user):
    price = gift["price"] if gift["listed"] else None
    if price is not None and call.is_fault("nine_decimals"):
        price = price // TON * TON + 123456789
    if price is not None and call.is_fault("ten_decimals"):
        price = Number("%d.5" % price)
    if price is not None and call.is_fault("price_form"):
        price = str(price)
    n = 1233 + gift["n"]
    row = {"id": identity("mrkt", gift), "giftId": str(5170145012310081614 + gift["n"]), "name": "PlushPepe-%d" % n,
           "title": "Plush Pepe #%d" % n, "collectionName": "Plush Pepe", "number": n,
           "modelName": trait(call, "Sad Cat"), "modelRarityPerMille": trait(call, 5), "symbolName": trait(call, "Anchor"),
           "symbolRarityPerMille": trait(call, 4), "backdropName": trait(call, "Onyx Black"),
           "backdropRarityPerMille": trait(call, 20), "backdropColorsCenterColor": 5065301,
           "backdropColorsEdgeColor": 3422528, "backdropColorsSymbolColor": 0, "backdropColorsTextColor": 14277081,
           "salePrice": price, "isOnSale": gift["listed"], "isListed": gift["listed"], "isOnAuction": False,
           "isLocked": False, "isMine": gift["owner"] == user, "premarketStatus": None, "salesCount": 3,
           "exportDate": "2026-01-10T12:00:00Z", "unlockDate": None}
    return extra(call, row)


def mrkt_page(call, gifts):
    size = min(int(call.body.get("count") or 20), 20)
    cursor = call.body.get("cursor") or ""
    start = json.loads(base64.urlsafe_b64decode(cursor + "=="))["p"] if cursor else 0
    rows, following = page_of(call, gifts, start, size)
    following = None if following is None else base64.urlsafe_b64encode(b'{"p":%d}' % following).decode().rstrip("=")
    return 200, {"gifts": [mrkt_row(call, g, call.user) for g in rows], "cursor": following}


def mrkt_auth(call):
    user = call.user
    call.ledger.auths += 1
    token = "mrkt-token-%d-%s" % (call.ledger.auths, hashlib.sha256(call.credential.encode()).hexdigest()[:12])
    call.ledger.tokens[token] = user
    return 200, {"token": token}


def mrkt_listings(call):
    low, high = call.body.get("minPrice") or 0, call.body.get("maxPrice") or 1 << 62
    names = call.body.get("collectionNames")
    gifts = for_sale(call, low, high) if not names or "Plush Pepe" in names else []
    return mrkt_page(call, gifts)


def mrkt_own(call):
    return mrkt_page(call, [g for g in own(call) if g["listed"] == bool(call.body.get("isListed"))])


def mrkt_payer(user):
    return "p" + hashlib.sha256(user.encode()).hexdigest()[:7]


def mrkt_me(call):
    return 200, {"payerId": mrkt_payer(call.user), "walletForPayment": friendly(raw_address("mrkt deposits")),
                 "wallet": {"ton": None}}


def mrkt_await(call):
    rows = []
    for key, comment, value in call.ledger.arrived("mrkt"):
        if comment == mrkt_payer(call.user):
            ident = str(771 + len(call.ledger.waiting))
            ident = next((i for i, w in call.ledger.waiting.items() if w[0] == key), ident)
            call.ledger.waiting[ident] = (key, value)
            rows.append({"id": ident, "value": value})
    return 200, rows


def mrkt_credit(call):
    key, value = call.ledger.waiting.get(call.path.split("/")[1], (None, None))
    if key is None or key in call.ledger.credited or call.body.get("value") != value:
        raise Answer(404, {"message": "no such transaction"})
    call.ledger.credit("mrkt", call.user, key, value)
    return 200, {"success": True}


def mrkt_withdraw(call):
    amount = call.body.get("amount", call.body.get("nanoTONs"))
    row, problem = call.ledger.withdraw("mrkt", call.user, amount if isinstance(amount, int) else None, call.body.get("wallet"))
    if problem:
        return 200, {"status": "failed", "success": False, "message": problem}
    return 200, {"id": row["id"], "status": "processing", "amount": amount}


def mrkt_buy(call):
    rows = []
    for ident in call.body["ids"]:
        price = call.body["prices"][ident]
        if call.ledger.buy("mrkt", call.user, ident, price, price) is None:
            rows.append({"type": "gift", "userGift": {"id": ident, "isMine": True, "collectionName": "Plush Pepe",
                                                      "number": 1233 + call.ledger.find("mrkt", ident)["n"]}})
    return 200, rows


# ---- portals
COLLECTIONS = [("060d4cef-3a21-47e6-98fc-cd338ae0b5e0", "Toy Bear"), ("18fd9c8f-5d32-44a5-9f2a-2f7f1f1f0a01", "Plush Pepe")]


def portals_row(call, gift):
    price = price_text(call, gift["price"]) if gift["listed"] else None
    if price is not None and call.is_fault("price_form"):
        price = Number(price)
    values = [("model", "Wizard", Number("1.5")), ("symbol", "Champagne", Number("0.2")), ("backdrop", "Silver Blue", 2)]
    row = {"id": identity("portals", gift), "tg_id": str(294991 + gift["n"]), "collection_id": COLLECTIONS[0][0],
           "external_collection_number": 41770 + gift["n"], "name": "Toy Bear",
           "photo_url": "https://nft.fragment.com/gift/toybear-%d.large.jpg" % (41770 + gift["n"]), "price": price,
           "attributes": trait(call, [{"type": t, "value": v, "rarity_per_mille": r} for t, v, r in values]),
           "listed_at": trait(call, "2026-06-12T16:28:05.550053Z"), "status": "listed" if gift["listed"] else "unlisted",
           "emoji_id": "5289667857599197149", "has_animation": True, "floor_price": "31.43", "unlocks_at": "2026-03-10T11:04:26Z"}
    return extra(call, row)


def portals_page(call, gifts, key):
    start, size = int(call.query.get("offset", ["0"])[0]), min(int(call.query.get("limit", ["20"])[0]), 50)
    rows, _ = page_of(call, gifts, 0 if call.is_fault("cursor_loop") else start, size)
    return 200, {key: [portals_row(call, g) for g in rows]}


def portals_listings(call):
    ids = call.query.get("collection_ids", [COLLECTIONS[0][0]])[0].split(",")
    names = call.query.get("filter_by_collections", ["Toy Bear"])[0].split(",")
    low, high = (nano(call.query[k][0]) if k in call.query else None for k in ("min_price", "max_price"))
    is_ours = COLLECTIONS[0][0] in ids and "Toy Bear" in names
    return portals_page(call, for_sale(call, low or 0, high or 1 << 62) if is_ours else [], "results")


def portals_own(call):
    status = call.query.get("status", ["listed"])[0]
    return portals_page(call, [g for g in own(call) if g["listed"] == (status == "listed")], "nfts")


def portals_collections(call):
    return 200, {"collections": [{"id": i, "name": n, "short_name": n.lower().replace(" ", ""), "photo_url": "", "day_volume": "1",
                                  "volume": "2", "floor_price": "31.43", "supply": 9} for i, n in COLLECTIONS]}


def portals_settle(call):
    """Credits what has arrived for a deposit, whoever asks for what."""
    for key, comment, value in call.ledger.arrived("portals"):
        deposit = call.ledger.deposits.get(comment)
        if deposit is not None and deposit["value"] is None:
            deposit["value"] = value
            call.ledger.credit("portals", deposit["user"], key, value)


def portals_balance(call):
    portals_settle(call)
    return 200, {"balance": ton(call.ledger.balance("portals", call.user)), "frozen_funds": "0.5"}


def portals_deposit(call):
    ident = "d9c1%08x" % len(call.ledger.deposits)
    call.ledger.deposits[ident] = {"user": call.user, "value": None}
    return 200, {"id": ident}


def portals_deposits(call):
    portals_settle(call)
    rows = []
    for ident in call.query.get("ids", []):
        deposit = call.ledger.deposits.get(ident)
        if deposit is None:
            continue
        rows.append({"id": ident, "status": "pending" if deposit["value"] is None else "completed",
                     "amount": ton(deposit["value"] or 0), "created_at": "2026-06-12T16:28:05Z"})
    return 200, {"statuses": rows}


def portals_withdraw(call):
    row, problem = call.ledger.withdraw("portals", call.user, nano(call.body.get("amount")),
                                        call.body.get("external_address"), TON // 20)
    if problem:
        raise Answer(400, {"message": problem})
    return 200, {"id": row["id"]}


def portals_payout(call):
    _, problem = call.ledger.withdraw("portals", call.user, nano(call.body.get("amount")), call.body.get("wallet"), TON // 20)
    return 200, {"status": "failed", "message": problem} if problem else {"status": "success"}


def portals_withdrawals(call):
    rows = [{"id": w["id"], "status": w["status"], "amount": ton(int(w["amount"])), "external_address": w["wallet"],
             "created_at": "2026-06-12T16:28:05Z"}
            for w in call.ledger.withdrawals if w["market"] == "portals" and w["id"] in call.query.get("ids", [])]
    return 200, {"statuses": rows}


def portals_buy(call):
    results, spent = [], 0
    for row in call.body["nft_details"]:
        price = nano(row["price"])
        problem = call.ledger.buy("portals", call.user, row["id"], price, price)
        if problem:
            results.append({"id": row["id"], "status": "failed", "reason": problem, "price": row["price"],
                            "error_message": "Insufficient balance to purchase this NFT"})
        else:
            spent += price
            results.append({"id": row["id"], "status": "success", "price": row["price"]})
    bad = sum(r["status"] == "failed" for r in results)
    return 200, {"total_requested": len(results), "total_purchased": len(results) - bad, "total_failed": bad,
                 "total_spent": ton(spent), "purchase_results": results}


# ---- tonnel
def tonnel_row(call, gift):
    row = {"gift_num": 35530 + gift["n"], "customEmojiId": "5289634279544876303", "gift_id": int(identity("tonnel", gift)),
           "name": "Toy Bear", "model": trait(call, "Zebra (1.5%)"), "asset": "TON", "symbol": trait(call, "Rabbit (0.2%)"),
           "backdrop": trait(call, "Burgundy (2%)"), "availabilityIssued": 0, "availabilityTotal": 0, "backdropData": {},
           "message_in_channel": 0, "status": "forsale", "limited": False, "auction": None, "premarket": False,
           "bundleData": None, "export_at": "2026-05-28T12:25:01.000Z"}
    if gift["listed"]:
        text = price_text(call, gift["price"])
        row["price"] = text if call.is_fault("price_form") else Number(text)
    if "auction" in gift["row"]:
        row.pop("price", None)
        row["auction"] = gift["row"]["auction"]
    return extra(call, row)


def tonnel_gifts(call):
    wanted = json.loads(call.body["filter"])
    size, page = min(int(call.body["limit"]), 30), int(call.body["page"])
    json.loads(call.body["sort"])
    if "seller" in wanted:
        if str(wanted["seller"]) != call.user:
            raise Answer(403, {"message": "not yours"})
        gifts = [g for g in own(call) if g["listed"] == ("$or" in wanted)]
    elif "auction_id" in wanted:
        gifts = [g for g in call.ledger.gifts["tonnel"] if "auction" in g["row"]]
    else:
        low, high = call.body.get("price_range") or (0, 1 << 40)
        gifts = for_sale(call, int(Decimal(str(low)) * TON), int(Decimal(str(high)) * TON))
        name = wanted.get("gift_name", "Toy Bear")
        gifts = gifts if "Toy Bear" in (name if isinstance(name, str) else name["$in"]) else []
    rows, _ = page_of(call, gifts, 0 if call.is_fault("cursor_loop") else (page - 1) * size, size)
    return 200, [tonnel_row(call, g) for g in rows]


def tonnel_memo(user):
    return "tnl-" + hashlib.sha256(user.encode()).hexdigest()[:6]


def tonnel_balance(call):
    for key, comment, value in call.ledger.arrived("tonnel"):
        if comment == tonnel_memo(call.user):
            call.ledger.credit("tonnel", call.user, key, value)
    return 200, {"status": "success", "balance": ton(call.ledger.balance("tonnel", call.user), Number),
                 "memo": tonnel_memo(call.user), "transferGift": False, "usdtBalance": 0, "tonnelBalance": 0, "referrer": 0,
                 "photo_url": "https://…", "name": "Alice"}


def tonnel_withdraw(call):
    amount = nano(call.body.get("amount")) if call.body.get("asset") == "TON" else None
    _, problem = call.ledger.withdraw("tonnel", call.user, amount, call.body.get("wallet"))
    return 200, {"status": "error", "message": problem} if problem else {"status": "success"}


def tonnel_buy(call):
    token = base64.b64decode(call.body.get("wtf") or "")
    if not (token.startswith(b"Salted__") and len(token) == 32 and str(call.body.get("timestamp")).isdigit()):
        return 200, {"status": "error", "message": "Invalid request"}
    ident, price = call.path.split("/")[1], nano(call.body.get("price"))
    problem = call.ledger.buy("tonnel", call.user, ident, price, (price or 0) + -(-(price or 0) // 10))
    return 200, {"status": "error", "message": problem} if problem else {"status": "success"}


# ---- all
def for_sale(call, low, high):
    return [g for g in call.ledger.gifts[call.market]
            if g["listed"] and g["owner"] is None and "auction" not in g["row"] and low <= g["price"] <= high]


def own(call):
    return [g for g in call.ledger.gifts[call.market] if g["owner"] == call.user]


ROUTES = {
    "mrkt": {"POST auth": mrkt_auth, "POST gifts/saling": mrkt_listings, "POST gifts": mrkt_own,
             "GET balance": lambda c: (200, {"hard": c.ledger.balance("mrkt", c.user), "soft": 0}), "GET me": mrkt_me,
             "GET transactions/await": mrkt_await, "POST transactions/*": mrkt_credit, "POST gifts/buy": mrkt_buy,
             "POST transactions/withdraw": mrkt_withdraw, "POST wallet/withdraw/tons": mrkt_withdraw},
    "portals": {"GET nfts/search": portals_listings, "GET nfts/owned": portals_own, "GET collections": portals_collections,
                "GET users/wallets": portals_balance, "POST deposits": portals_deposit, "POST nfts": portals_buy,
                "GET market/config": lambda c: (200, {"deposit_wallet": friendly(raw_address("portals deposits"))}),
                "GET deposits/statuses": portals_deposits, "POST users/wallets/withdraw": portals_withdraw,
                "GET users/wallets/withdrawals/statuses": portals_withdrawals, "POST payouts": portals_payout},
    "tonnel": {"POST pageGifts": tonnel_gifts, "POST balance/info": tonnel_balance, "POST balance/withdraw": tonnel_withdraw,
               "POST buyGift/*": tonnel_buy},
}


def control(ledger, name, q):
    if name == "users":
        ledger.balances[q["market"]][str(q["user"])] = int(q["balance"])
    elif name == "listings":
        ledger.add(q["market"], int(q.get("count", 1)), int(q.get("price", TON)), rows=q.get("rows"))
    elif name == "owned":
        ledger.add(q["market"], int(q["count"]), TON, owner=str(q["user"]), listed=False)
    elif name == "faults":
        assert q["kind"] in BEFORE + AFTER + ROWS, "no such kind"
        ledger.faults.append({"count": 1, "after": 0, "path": None, **q})
    elif name == "expire":
        ledger.expiry[q["market"]] = int(q["after"])
    elif name == "chaos":
        ledger.chaos = (float(q["faultRate"]), random.Random(int(q["seed"])))
    elif name == "clear":
        ledger.faults, ledger.chaos, ledger.expiry = [], (0.0, random.Random(1)), {}
    elif name != "state":
        raise Answer(404, {"message": "no such control"})
    return {"balances": {m: {u: str(b) for u, b in users.items()} for m, users in ledger.balances.items()},
            "sales": ledger.sales, "withdrawals": ledger.withdrawals, "auths": ledger.auths, "calls": dict(ledger.calls),
            "log": ledger.log[-1000:], "depositWallets": {m: friendly(raw_address(m + " deposits")) for m in MARKETS},
            "payingWallets": {m: friendly(raw_address(m + " hot wallet")) for m in MARKETS}}


def take_fault(ledger, market, path):
    """The fault that spoils this call; None for none."""
    for fault in ledger.faults:
        if fault["market"] == market and fnmatchcase(path, fault["path"] or "*"):
            if fault["after"] > 0:
                fault["after"] -= 1
                continue
            fault["count"] -= 1
            if fault["count"] <= 0:
                ledger.faults.remove(fault)
            return fault
    rate, source = ledger.chaos
    return {"kind": source.choice(RANDOM)} if rate and source.random() < rate else None


def spoil_before(fault):
    kind = fault["kind"]
    if kind == "unauthorized":
        raise Answer(401, {"message": "unauthorized"})
    if kind == "rate_limit":
        raise Answer(429, HTML, {"Retry-After": str(fault["retryAfter"])} if "retryAfter" in fault else {})
    if kind == "bad_gateway":
        raise Answer(502, HTML)
    if kind == "html_forbidden":
        raise Answer(403, HTML)
    if kind == "error_status":
        raise Answer(200, {"status": "error", "success": False, "message": "not now"})
    if kind == "hangup":
        raise Hangup


def spoil_after(fault):
    kind = fault["kind"]
    if kind == "lost_response":
        raise Hangup
    if kind == "late_bad_gateway":
        raise Answer(502, HTML)
    if kind == "slow":
        time.sleep(int(fault.get("ms", 1000)) / 1000)
    if kind == "empty":
        raise Answer(204)
    if kind == "garbage":
        raise Answer(200, HTML)


def handle(ledger, method, path, query, body, headers):
    market, _, rest = path.partition("/")
    rest = rest.strip("/")
    if market == "stub":
        with ledger.lock:
            return 200, control(ledger, rest, body)
    if market not in MARKETS:
        raise Answer(404, {"message": "no such market"})
    with ledger.lock:
        ledger.calls["%s %s" % (market, rest)] += 1
        call = Call(ledger, market, method, rest, query, body, headers)
        ledger.log.append({"market": market, "path": rest, "at": time.monotonic(), "userAgent": headers.get("User-Agent"),
                           "origin": headers.get("Origin"), "cookie": headers.get("Cookie") is not None})
        if market in ledger.expiry and call.credential and rest != "auth":
            ledger.expiry[market] -= 1
            if ledger.expiry[market] < 0:
                del ledger.expiry[market]
                ledger.refused[market].add(call.credential)
        if call.credential in ledger.refused[market]:
            raise Answer(401, {"message": "expired"})
        call.fault = take_fault(ledger, market, rest) if rest != "auth" else None
        if call.fault:
            spoil_before(call.fault)
        answer = call.answer()
    if call.fault:
        spoil_after(call.fault)
    return answer


def make_handler(ledger):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def reply(self, status, body, headers=()):
            raw = b"" if body is None else body.encode() if isinstance(body, str) else write(body)
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
            if status != 204:
                self.send_header("Content-Length", str(len(raw)))
            for name, value in dict(headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def handle_one(self):
            parts = urlsplit(self.path)
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                body = json.loads(sent, parse_float=Decimal) if sent.strip() else {}
                self.reply(*handle(ledger, self.command, parts.path.strip("/"), parse_qs(parts.query), body, self.headers))
            except Answer as a:
                self.reply(a.status, a.body, a.headers)
            except Hangup:
                self.close_connection = True
                self.connection.close()
            except (AttributeError, KeyError, TypeError, ValueError, AssertionError) as e:
                self.reply(400, {"message": "bad request: %r" % e})

        do_GET = do_POST = handle_one

    return Handler


def serve(argv=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--port", type=int, default=8082)
    p.add_argument("--sandbox", default="", help="the TON sandbox that withdrawals and deposits go through")
    p.add_argument("--fault-rate", type=float, default=0.0)
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args(argv)
    ledger = Ledger(args)
    ledger.chaos = (args.fault_rate, random.Random(args.seed))
    server = ThreadingHTTPServer(("127.0.0.1", args.port), make_handler(ledger))
    server.daemon_threads = True
    print("market stub on http://127.0.0.1:%d " % server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve()
