-- name: issued
-- Bonus that purchases of each store gave in [start, end) by record time: people, transfers, amount, and the most of one
-- person. A transfer of the rates carries its purchase's id, one of an offer names it.
SELECT x.store_id, count(*), sum(x.lines), sum(x.amount), max(x.amount)
FROM (SELECT p.store_id, t.subject_id, count(*) AS lines, sum(t.amount) AS amount
      FROM ledger_transfer t
      JOIN purchases_purchase p ON p.subject_id = t.subject_id AND p.id = t.id
      WHERE t.book_id = %(book)s AND t.debit_kind = %(issued)s AND t.recorded_at >= %(start)s AND t.recorded_at < %(end)s
      GROUP BY 1, 2) AS x
GROUP BY 1

-- name: used
-- Bonus that vouchers used in each store took in [start, end): people, vouchers, amount, and the most of one person.
SELECT x.store_id, count(*), sum(x.lines), sum(x.amount), max(x.amount)
FROM (SELECT v.store_id, v.subject_id, count(*) AS lines, sum(v.used) AS amount
      FROM bonus_voucher v
      WHERE v.chain_id = %(chain)s AND v.status = 'used' AND v.store_id IS NOT NULL
        AND v.used_at >= %(start)s AND v.used_at < %(end)s
      GROUP BY 1, 2) AS x
GROUP BY 1
