-- name: concierge
-- The concierge keeps its word (D5): bookings that left without being in the person's log, or abroad without the
-- person's yes in that log, and more given to a supplier than the offer said. Then what there is.
WITH sent AS (
  SELECT o.*, d.transfer_ground, d.asked_at AS yes, d.fields, d.reference AS logged
  FROM concierge_offer o
  LEFT JOIN disclosure_disclosure d ON d.subject_id = o.subject_id AND d.reference = o.reference
  WHERE o.controller_id = %(controller)s AND o.sent_at IS NOT NULL
)
SELECT 'fault', 'bookings that are not in the log of disclosures', count(*) FROM sent
WHERE logged IS NULL AND sent_at > %(now)s::timestamptz - interval '2 years'
UNION ALL
SELECT 'fault', 'bookings abroad without ground and yes', count(*) FROM sent
WHERE abroad AND logged IS NOT NULL AND (transfer_ground = '' OR yes IS NULL)
UNION ALL
SELECT 'fault', 'bookings that told more than the offer said', count(*) FROM sent
WHERE logged IS NOT NULL AND EXISTS (
  SELECT FROM jsonb_each(fields) AS f(category, names), jsonb_array_elements_text(names) AS name
  WHERE name <> 'booked' AND NOT needs ? name
)
UNION ALL
SELECT '', 'bookings', count(*) FROM sent
