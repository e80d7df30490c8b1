-- What the check of the ledger reads.

-- name: negative
-- How many balances one controller's books hold, and how many holdings among them are below zero.
SELECT count(*), count(*) FILTER (WHERE kind < 200 AND balance < 0) FROM ledger_balance WHERE controller_id = %(controller)s
