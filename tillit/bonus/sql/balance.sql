-- name: balance
-- What one member (every subject of a merged one) has in each chain where there is or was something: lots that have not expired by the day, with dates;
-- what is set aside; what is owed. A voucher whose time has passed counts as given back, whether or not the worker has
-- come round: its parts are lots again, each with its own expiry. Returns a row a chain, by name.
WITH lapsed AS (
  SELECT t.book_id, t.debit_expires AS expires_on, sum(t.amount)::bigint AS amount
  FROM bonus_voucher v
  JOIN ledger_transfer t ON t.subject_id = v.subject_id AND t.reference = v.id AND t.credit_kind = %(reserved)s
  WHERE v.subject_id = ANY (%(subjects)s) AND v.status = 'open' AND v.valid_until <= tillit_now()
  GROUP BY t.book_id, t.debit_expires
), account AS (
  SELECT b.book_id, b.kind, b.expires_on, b.balance FROM ledger_balance b WHERE b.subject_id = ANY (%(subjects)s)
  UNION ALL SELECT l.book_id, %(lot)s, l.expires_on, l.amount FROM lapsed l
  UNION ALL SELECT l.book_id, %(reserved)s, l.expires_on, -l.amount FROM lapsed l
), lot AS (
  SELECT a.book_id, a.expires_on, sum(a.balance) AS balance FROM account a
  WHERE a.kind = %(lot)s AND a.expires_on > %(on)s GROUP BY a.book_id, a.expires_on HAVING sum(a.balance) > 0
), standing AS (
  SELECT a.book_id,
         coalesce(sum(a.balance) FILTER (WHERE a.kind = %(lot)s AND a.expires_on > %(on)s), 0)::bigint AS held,
         0::bigint AS pending,
         coalesce(sum(a.balance) FILTER (WHERE a.kind = %(reserved)s), 0)::bigint AS reserved,
         coalesce(-sum(a.balance) FILTER (WHERE a.kind = %(debt)s), 0)::bigint AS debt
  FROM account a GROUP BY a.book_id
)
SELECT c.id, c.key, c.name, c.currency, s.held, s.pending, s.reserved, s.debt,
       ARRAY(SELECT l.expires_on FROM lot l WHERE l.book_id = s.book_id ORDER BY l.expires_on),
       ARRAY(SELECT l.balance::bigint FROM lot l WHERE l.book_id = s.book_id ORDER BY l.expires_on)
FROM standing s
JOIN bonus_programme p ON p.book_id = s.book_id
JOIN purchases_chain c ON c.id = p.chain_id
ORDER BY c.name, c.id
