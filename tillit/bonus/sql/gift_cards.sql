-- name: life
-- Gift cards of a controller that end on another day than the declaration that held at their sale says: the day after
-- so many months from the day of the sale in the chain's zone. And how many cards there are.
SELECT CASE WHEN wrong THEN 'fault' ELSE '' END,
  CASE WHEN wrong THEN 'gift cards end on another day than was declared when they were sold' ELSE 'gift_cards' END,
  count(*)
FROM (
  SELECT g.expires_on <> (s.day + make_interval(months => v.months))::date + 1 AS wrong
  FROM bonus_gift_card g JOIN ledger_book b ON b.id = g.book_id
  CROSS JOIN LATERAL (SELECT (g.sold_at AT TIME ZONE b.zone)::date AS day) AS s
  CROSS JOIN LATERAL (
    SELECT (v.document #>> '{programme,gift_card_months}')::int AS months FROM declaration_version v
    WHERE v.controller_id = g.controller_id
    ORDER BY (v.effective <= s.day AND v.published_at <= g.sold_at) DESC,
      CASE WHEN v.effective <= s.day AND v.published_at <= g.sold_at THEN -v.number ELSE v.number END
    LIMIT 1
  ) AS v
  WHERE g.controller_id = %(controller)s
) AS card
GROUP BY wrong
