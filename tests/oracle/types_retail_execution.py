"""Family I: what stands on the shelves of the stores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from tests.oracle.components import Component, book
from tests.oracle.fixed_point import ZERO, times
from tests.oracle.stores import (
    audits,
    audits_before,
    counted_store,
    counts,
    judged_points,
    last_valid,
    names_of,
    open_stores,
    rows_of,
    scopes_of,
    store_owner,
    was_found,
)
from tests.oracle.world import (
    UNASSIGNED,
    BookingMonth,
    Moment,
    Period,
    Row,
    World,
    add_days,
    holds,
)


def _standing(world: World, store: Row, part: str, amount: Decimal | None, key: str) -> Component:
    """A component of a store as of S, credited to its owner at S."""
    return Component(
        part=part,
        rep_id=store_owner(world, store, world.as_of, world.cut_off),
        event_date=world.as_of,
        amount=amount,
        distinct_key=key,
        customer_id=world.survivor(store["customer_id"], world.cut_off),
        credit_type="owner",
        record_id=key,
    )


def _mandatory(world: World, wanted: set[tuple[str, str]], day: date, moment: Moment) -> list[str]:
    """Products that a store of these scopes must have on a day, each once."""
    return sorted(
        {
            target["product_id"]
            for target in world.known("assortment_targets", moment)
            if (target["scope"], target["scope_id"]) in wanted and holds(target, day)
        }
    )


def _mandatory_at_s(world: World, store: Row) -> list[str]:
    """Products that a store must have at S, by chain, format, class or by itself."""
    scopes = scopes_of(store, names_of(world, store, world.cut_off))
    return _mandatory(world, scopes, world.as_of, world.cut_off)


def _on_shelf(world: World, budget_type_id: str) -> set[tuple[str, str]]:
    """(store, product) where the latest audit in the window that looked for it found it."""
    latest: dict[tuple[str, str], bool] = {}
    for store_id, made in audits_before(world, budget_type_id).items():
        for audit in made:
            for line in rows_of(world, "store_audit_lines", audit.audit_id, world.cut_off):
                if line["is_on_shelf"] is not None or line["is_listed"] is False:
                    latest[store_id, line["product_id"]] = line["is_on_shelf"] is True
    return {point for point, found in latest.items() if found}


def numeric_distribution(world: World) -> list[Component]:
    """Of all points store × product that the stores must have at S, those where the latest audit of
    [S - 90 days, S) that looked for the product found it on the shelf.

    All stores in business count, audited or not: what is not proven is not there. A line that does
    not say whether the product was there is no look at it, unless the store does not list it.
    """
    found = []
    on_shelf = _on_shelf(world, "numeric_distribution")
    for store in open_stores(world, world.as_of, world.cut_off):
        for product in _mandatory_at_s(world, store):
            key = f"{store['store_id']}/{product}"
            found.append(_standing(world, store, "denominator", Decimal(1), key))
            if (store["store_id"], product) in on_shelf:
                found.append(_standing(world, store, "numerator", Decimal(1), key))
    return found


def weighted_distribution(world: World) -> list[Component]:
    """Numeric distribution where each point weighs the store's turnover in the product's category.

    The turnover is the newest known one that has begun at S, in the company's currency at the
    latest rate that can be known at S, that of the day before. A point without a turnover is out of
    both; one without a rate makes the figure unknown.
    """
    found = []
    on_shelf = _on_shelf(world, "weighted_distribution")
    for store in open_stores(world, world.as_of, world.cut_off):
        for product in _mandatory_at_s(world, store):
            article = world.one("products", world.cut_off, product_id=product)
            row = _turnover(world, store, article and article["product_category"])
            if row is None:
                continue
            weight = world.convert(
                row["turnover"], row["currency"], add_days(world.as_of, -1), world.cut_off
            )
            key = f"{store['store_id']}/{product}"
            found.append(_standing(world, store, "denominator", weight, key))
            if (store["store_id"], product) in on_shelf:
                found.append(_standing(world, store, "numerator", weight, key))
    return found


def _turnover(world: World, store: Row, category: str | None) -> Row | None:
    """The newest turnover of a store in a category that has begun at S."""
    rows = [
        row
        for name in names_of(world, store, world.cut_off)
        for row in world.all(
            "store_category_turnover", world.cut_off, store_id=name, product_category=category
        )
        if row["valid_from"] <= world.as_of and row["turnover"] is not None
    ]
    return max(rows, key=lambda row: row["valid_from"], default=None)


def _agreements(world: World, store: Row, kind: str) -> list[Row]:
    """Agreements of a kind that hold at S and whose campaign, if any, runs."""
    return [
        row
        for name in names_of(world, store, world.cut_off)
        for row in world.all("store_agreements", world.cut_off, store_id=name)
        if row["agreement_type"] == kind
        and holds(row, world.as_of)
        and _is_on(world, row["campaign_id"])
    ]


def _is_on(world: World, campaign_id: str | None) -> bool:
    """Whether a campaign runs at S; one never heard of does, one that was withdrawn does not."""
    first = campaign_id and world.first_known("campaigns", campaign_id=campaign_id)
    if not first or first >= world.cut_off:
        return True
    campaign = world.one("campaigns", world.cut_off, campaign_id=campaign_id)
    return campaign is not None and holds(campaign, world.as_of, "start_date", "end_date_excl")


def pos_presence_rate(world: World) -> list[Component]:
    """Stores with an agreement on material that holds at S, and those of them where the latest
    audit that looked for material found all of it, however long ago.

    What that audit did not look for was not found. An agreement of a campaign begins and ends with
    it.
    """
    found = []
    made = audits_before(world, "pos_presence_rate")
    for store in open_stores(world, world.as_of, world.cut_off):
        agreed = {row["ref_id"] for row in _agreements(world, store, "pos")}
        if not agreed:
            continue
        store_id = store["store_id"]
        found.append(_standing(world, store, "denominator", Decimal(1), store_id))
        looked_for: list[Row] = []
        for audit in made.get(store_id, []):
            points = judged_points(world, audit, world.cut_off)
            looked_for = [row for row in points if row["point_type"] == "pos"] or looked_for
        if agreed <= {row["ref_id"] for row in looked_for if was_found(row)}:
            found.append(_standing(world, store, "numerator", Decimal(1), store_id))
    return found


def second_placement_rate(world: World) -> list[Component]:
    """Stores of a campaign, and those of them where an audit in [start, min(S, end)) found at least
    one extra placement of our own, by what was known when the last month of it closed.

    Stores that are open, and their owners, at S while it runs, else on its last day.
    """
    found = []
    for period in world.periods:
        if period.period_type != "campaign":
            continue
        moment = world.knowledge_of(add_days(period.evaluated_to, -1))
        on = _looked_at_on(world, period)
        stores = {row["store_id"]: row for row in open_stores(world, on, moment)}
        seen: dict[str, set[str]] = {}
        for audit in audits(world, moment, period.start, period.evaluated_to):
            for point in judged_points(world, audit, moment):
                if (
                    point["point_type"] == "second_placement"
                    and point["is_own"]
                    and was_found(point)
                ):
                    seen.setdefault(audit.store_id, set()).add(point["ref_id"])
        targeted = {
            counted_store(world, row["store_id"], moment)
            for row in world.all("campaign_stores", moment, campaign_id=period.campaign_id)
        }
        for store_id in sorted(targeted & stores.keys()):
            store = stores[store_id]
            for part in ["denominator"] + ["numerator"] * bool(seen.get(store_id)):
                found.append(_of_period(world, store, part, period, on, moment))
    return found


def _looked_at_on(world: World, period: Period) -> date:
    """The day whose stores and owners a period shows: S while it runs, else its last day."""
    return world.as_of if world.as_of < period.end else add_days(period.end, -1)


def _of_period(
    world: World, store: Row, part: str, period: Period, on: date, moment: Moment
) -> Component:
    """A store in a part of a period, credited to its owner on a day."""
    return Component(
        part=part,
        rep_id=store_owner(world, store, on, moment),
        event_date=on,
        distinct_key=store["store_id"],
        customer_id=world.survivor(store["customer_id"], moment),
        campaign_id=period.campaign_id or None,
        credit_type="owner",
        record_id=store["store_id"],
        period_type=period.period_type,
        period_start=period.start,
        known_at=moment,
    )


def planogram_compliance_rate(world: World) -> list[Component]:
    """Correct positions of planned positions in the latest check of each store and category in
    [S - 90 days, S).

    A check is what one audit recorded under a planogram that was valid on its day; others are no
    checks. Where an audit does not count positions, what it looked at is one.
    """
    found = []
    made = audits_before(world, "planogram_compliance_rate")
    for store in open_stores(world, world.as_of, world.cut_off):
        latest: dict[str | None, list[Row]] = {}
        for audit in made.get(store["store_id"], []):
            checks: dict[str | None, list[Row]] = {}
            for point in judged_points(world, audit, world.cut_off):
                plan = point["planogram_id"] and world.one(
                    "planograms", world.cut_off, planogram_id=point["planogram_id"]
                )
                if point["point_type"] == "planogram" and plan and holds(plan, audit.day):
                    category = point["product_category"] or plan["product_category"]
                    checks.setdefault(category, []).append(point)
            latest |= checks
        for category in sorted(latest, key=repr):
            for point in latest[category]:
                key = f"{point['audit_id']}/{point['ref_id']}"
                achieved, possible = _positions(point)
                found.append(_standing(world, store, "numerator", achieved, key))
                found.append(_standing(world, store, "denominator", possible, key))
    return found


def _positions(point: Row) -> tuple[Decimal, Decimal]:
    """Points achieved and possible; where an audit only says whether it was there, all or none of
    one."""
    possible = Decimal(1) if point["possible"] is None else point["possible"]
    achieved = point["achieved"]
    if achieved is None:
        achieved = possible if point["is_present"] else ZERO
    return achieved, possible


def priority_store_presence(world: World) -> list[Component]:
    """Priority stores, and those of them with at least one held visit in the cycle, by whomever of
    the company.

    Priority is the class by what was known when the cycle began; a change within it is ignored. A
    store that has closed is out of both. Credit: the store's owner at S while the cycle runs, else
    on its last day.
    """
    found = []
    for period in world.periods:
        if period.period_type != "sales_period":
            continue
        moment = world.knowledge_of(add_days(period.evaluated_to, -1))
        on = _looked_at_on(world, period)
        visited = {
            _visited_store(world, row, moment)
            for row in world.known("activities", moment)
            if row["status"] == "held"
            and row["type"] == "visit"
            and (day := world.local_date(row["start_at"])) is not None
            and day in period
        }
        at_start = {
            row["store_id"]: row["priority_class"]
            for row in world.known("stores", world.midnight(period.start))
        }
        lowest = world.days("priority_store_presence", "lowest_class", world.as_of)
        for store in open_stores(world, on, moment):
            if (at_start.get(store["store_id"]) or "") not in tuple("ABC"[:lowest]):
                continue
            for part in ["denominator"] + ["numerator"] * (store["store_id"] in visited):
                found.append(_of_period(world, store, part, period, on, moment))
    return found


def _visited_store(world: World, activity: Row, moment: Moment) -> str | None:
    """The store of an activity: the one it names, where that is known, else the one its customer
    is."""
    named = counted_store(world, activity["store_id"], moment)
    if named is not None:
        return named
    customer = world.survivor(activity["customer_id"], moment)
    stores = {
        counted_store(world, store["store_id"], moment)
        for store in world.known("stores", moment)
        if customer and world.survivor(store["customer_id"], moment) == customer
    }
    return min(stores) if stores else None


def _customer_of(world: World, store_id: str | None, moment: Moment) -> str | None:
    """The customer that a store is: a visit to the store is one to it, whatever else it names."""
    return world.survivor(world.store_customer(store_id, moment), moment)


def share_of_shelf(world: World) -> list[Component]:
    """Own facings of all facings, empty ones included, in the latest count of each store and
    category in [S - 90 days, S). Who did not note the own facings did not count the shelf."""
    found = []
    made = audits_before(world, "share_of_shelf")
    for store in open_stores(world, world.as_of, world.cut_off):
        latest: dict[str, Row] = {}
        for audit in made.get(store["store_id"], []):
            for row in rows_of(world, "store_audit_facings", audit.audit_id, world.cut_off):
                if row["own_facings"] is not None:
                    latest[row["product_category"]] = row
        for category, row in sorted(latest.items()):
            key = f"{row['audit_id']}/{category}"
            own, foreign, empty = (
                Decimal(row[column] or 0)
                for column in ("own_facings", "competitor_facings", "empty_facings")
            )
            found.append(_standing(world, store, "numerator", own, key))
            found.append(_standing(world, store, "denominator", own + foreign + empty, key))
    return found


def _book_audit_lines(
    world: World, components: Callable[[Row, date, Row, Moment], list[str]]
) -> list[Component]:
    """Book what each line of an audit gives, on the day of the audit, for the store's owner then.

    ``components(store, day, line, moment)`` says in which parts a line counts; ``store`` is what is
    known of it, and may be nothing but its id.
    """

    def learned(month: BookingMonth) -> set[str]:
        return world.learned("store_audits", "audit_id", month) | world.learned(
            "store_audit_lines", "audit_id", month
        )

    def dates(audit_id: str, month: BookingMonth) -> list[date]:
        audit = world.one("store_audits", month.knowledge_at, audit_id=audit_id)
        day = audit and world.local_date(audit["audited_at"])
        return [day] if day else []

    def state(audit_id: str, month: BookingMonth) -> list[Component]:
        moment = month.knowledge_at
        audit = world.one("store_audits", moment, audit_id=audit_id)
        day = audit and world.local_date(audit["audited_at"])
        if not audit or not day:
            return []
        store = world.one("stores", moment, store_id=audit["store_id"]) or {
            **dict.fromkeys(("customer_id", "chain", "format", "priority_class")),
            "store_id": audit["store_id"],
        }
        if not counts(world, store, moment):
            return []
        return [
            Component(
                part=part,
                rep_id=store_owner(world, store, day, moment),
                event_date=day,
                customer_id=world.survivor(store["customer_id"], moment),
                credit_type="owner",
                record_id=f"{audit_id}/{line['product_id']}",
            )
            for line in rows_of(world, "store_audit_lines", audit_id, moment)
            if _is_own(world, line["product_id"], moment)
            for part in components(store, day, line, moment)
        ]

    return book(world, learned=learned, dates=dates, state=state)


def _is_own(world: World, product_id: str, moment: Moment) -> bool:
    """Whether a product is the company's own: competitors' are looked at, but not counted, and one
    that the company has no record of is not its own."""
    product = world.one("products", moment, product_id=product_id)
    return product is not None and product["is_own"] is not False


def out_of_stock_rate(world: World) -> list[Component]:
    """Checks of own products that the store lists, and those of them where the shelf was empty.

    Whether it lists the product is what the audit says, else whether the assortment targets expect
    it on that day. A product that the store does not list is not missing; one of which the audit
    does not say whether it stood there was not checked.
    """

    def parts(store: Row, day: date, line: Row, moment: Moment) -> list[str]:
        is_listed = line["is_listed"]
        if is_listed is None:
            is_listed = line["product_id"] in _mandatory(
                world, scopes_of(store, [store["store_id"]]), day, moment
            )
        if not is_listed or line["is_on_shelf"] is None:
            return []
        return ["denominator"] if line["is_on_shelf"] else ["denominator", "numerator"]

    return _book_audit_lines(world, parts)


def price_compliance_rate(world: World) -> list[Component]:
    """Shelf prices of own products compared with the price the retailer itself has set, and those
    of them that deviate from it by at most the tolerance.

    The retailer's price on the day of the audit: a campaign price before a list price, and of the
    same type the store's own before the chain's. The tolerance is that of the price, the parameter
    where it has none. Prices in another currency than the shelf's cannot be compared.
    """

    def parts(store: Row, day: date, line: Row, moment: Moment) -> list[str]:
        price = _retailer_price(world, store, line, day, moment)
        if line["shelf_price"] is None or price is None:
            return []
        tolerance = price["tolerance"]
        if tolerance is None:
            tolerance = world.parameter("price_compliance_rate", "tolerance", day)
        away = abs(line["shelf_price"] - price["price"])
        is_right = away <= tolerance * price["price"]
        return ["denominator"] + ["numerator"] * is_right

    return _book_audit_lines(world, parts)


def _retailer_price(world: World, store: Row, line: Row, day: date, moment: Moment) -> Row | None:
    for price_type in ("campaign", "list"):
        for scope, name in (("store", store["store_id"]), ("chain", store["chain"])):
            rows = world.all(
                "retailer_prices",
                moment,
                scope=scope,
                scope_id=name,
                product_id=line["product_id"],
            )
            fit = [
                row
                for row in rows
                if row["price"]
                and (row["price_type"] or "list") == price_type
                and row["currency"] in (None, line["currency"])
            ]
            if (price := last_valid(fit, day)) is not None:
                return price
    return None


def visit_strike_rate(world: World) -> list[Component]:
    """Held selling visits to stores (also where they name the customer that a store is), and those
    of them with at least one order that is not cancelled; credited to the visit's owner.

    An order belongs to the visit it names; one that names none, to a visit of the same rep at the
    same store on the day of the order.
    """

    def visit_of(activity_id: str, moment: Moment) -> Row | None:
        row = world.one("activities", moment, activity_id=activity_id)
        if (
            row is None
            or row["type"] != "visit"
            or row["status"] != "held"
            or row["purpose"] != "selling"
            or row["start_at"] is None
            or (store := _visited_store(world, row, moment)) is None
            or world.is_internal(_customer_of(world, store, moment), moment)
        ):
            return None
        return row

    def learned(month: BookingMonth) -> set[str]:
        news = set(world.learned("activities", "activity_id", month))
        news |= world.learned("orders", "activity_id", month)
        orders = world.learned("orders", "order_id", month)
        for version in world.versions("orders"):
            order = version.row
            if order["order_id"] in orders:
                news |= {
                    row["activity_id"]
                    for row in world.known("activities", month.knowledge_at)
                    if _belongs(world, order, row, month.knowledge_at)
                }
        return news

    def dates(activity_id: str, month: BookingMonth) -> list[date]:
        visit = world.one("activities", month.knowledge_at, activity_id=activity_id)
        day = visit and world.local_date(visit["start_at"])
        return [day] if day else []

    def state(activity_id: str, month: BookingMonth) -> list[Component]:
        moment = month.knowledge_at
        visit = visit_of(activity_id, moment)
        if visit is None:
            return []
        has_order = any(
            order["status"] != "cancelled" and _belongs(world, order, visit, moment)
            for order in world.known("orders", moment)
        )
        return [
            Component(
                part=part,
                rep_id=visit["owner_rep_id"] or UNASSIGNED,
                event_date=world.local_date(visit["start_at"]),
                distinct_key=activity_id,
                customer_id=_customer_of(world, _visited_store(world, visit, moment), moment),
                credit_type="owner",
                record_id=activity_id,
            )
            for part in ["denominator"] + ["numerator"] * has_order
        ]

    return book(world, learned=learned, dates=dates, state=state)


def _belongs(world: World, order: Row, visit: Row, moment: Moment) -> bool:
    if order["activity_id"] is not None:
        return order["activity_id"] == visit["activity_id"]
    return (
        order["rep_id"] is not None
        and order["rep_id"] == visit["owner_rep_id"]
        and _visited_store(world, order, moment) is not None
        and _visited_store(world, order, moment) == _visited_store(world, visit, moment)
        and order["order_date"] is not None
        and order["order_date"] == world.local_date(visit["start_at"])
    )


def perfect_store_score(world: World) -> list[Component]:
    """Weighted points reached of weighted points possible, in the latest audit of each store that
    judged any point, over the standards for the store's format that held on the day of the audit.

    A standard that the audit has no point for does not apply and is out of both. One without a
    format is for all stores. Of several versions of a standard the one that began last holds.
    """
    found = []
    standards = world.known("store_standards", world.cut_off)
    made = audits_before(world, "perfect_store_score")
    for store in open_stores(world, world.as_of, world.cut_off):
        day: date | None = None
        points: dict[tuple[str, str], Row] = {}
        for audit in made.get(store["store_id"], []):
            rows = judged_points(world, audit, world.cut_off)
            if rows:
                day = audit.day
                points = {(row["point_type"], row["ref_id"]): row for row in rows}
        for standard_id in sorted({row["standard_id"] for row in standards}) if day else ():
            versions = world.all("store_standards", world.cut_off, standard_id=standard_id)
            standard = last_valid((row for row in versions if row["weight"] is not None), day)
            if standard is None or standard["format"] not in (None, store["format"]):
                continue
            point = points.get((standard["point_type"], standard["ref_id"]))
            if point is None:
                continue
            weight = standard["weight"]
            achieved, possible = _positions(point)
            key = f"{point['audit_id']}/{standard['standard_id']}"
            found.append(_standing(world, store, "numerator", times(achieved, weight), key))
            found.append(_standing(world, store, "denominator", times(possible, weight), key))
    return found


TYPES = {
    "numeric_distribution": numeric_distribution,
    "out_of_stock_rate": out_of_stock_rate,
    "perfect_store_score": perfect_store_score,
    "planogram_compliance_rate": planogram_compliance_rate,
    "pos_presence_rate": pos_presence_rate,
    "price_compliance_rate": price_compliance_rate,
    "priority_store_presence": priority_store_presence,
    "second_placement_rate": second_placement_rate,
    "share_of_shelf": share_of_shelf,
    "visit_strike_rate": visit_strike_rate,
    "weighted_distribution": weighted_distribution,
}
