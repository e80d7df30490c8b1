-- Spot prices (E3).

-- name: standing
-- One row an area and day of [first, after): the prices that count. Final ones go before preliminary ones, and of one
-- vintage the latest published.
SELECT DISTINCT ON (area, day) area, day, vintage, per_hour, prices
  FROM power_spot_day
 WHERE area = ANY (%(areas)s) AND day >= %(first)s AND day < %(after)s
 ORDER BY area, day, vintage = 'final' DESC, published_at DESC
