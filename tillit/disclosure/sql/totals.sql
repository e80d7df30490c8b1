-- name: totals
-- What a controller let out within [since, until), by recipient, party, activity and ground: transfers and people.
SELECT recipient, recipient_kind, party, activity, ground, country, count(*), count(DISTINCT subject_id),
       min(disclosed_at), max(disclosed_at)
FROM disclosure_disclosure
WHERE controller_id = %(controller)s AND disclosed_at >= %(since)s AND disclosed_at < %(until)s
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 3, 4, 5
