-- name: balance
-- What one member has in each chain: see `bonus_balance`.
SELECT * FROM bonus_balance(%(subject)s, %(on)s, %(lot)s::smallint, %(reserved)s::smallint, %(debt)s::smallint)
