-- name: relationship
-- Who is this to the controller now.
SELECT subject_id FROM parties_relationship
WHERE controller_id = %(controller)s AND kind = %(value)s AND started <= %(today)s AND (ended IS NULL OR ended > %(today)s)

-- name: related_for
-- Whose relationship to the controller has lasted for at least so many days.
SELECT subject_id FROM parties_relationship
WHERE controller_id = %(controller)s AND started <= %(today)s::date - %(value)s::integer AND (ended IS NULL OR ended > %(today)s)

-- name: interest
-- Who has said that they like the topic.
SELECT subject_id FROM parties_fact
WHERE controller_id = %(controller)s AND kind = 'interest.' || %(value)s AND superseded_at IS NULL

-- name: age_at_least
-- Who is at least so many years old. Days as they are written (ISO 8601) are in the order of their letters.
SELECT subject_id FROM parties_fact
WHERE controller_id = ANY (%(holders)s) AND kind = 'birth_date' AND superseded_at IS NULL
  AND value <= (%(today)s::date - make_interval(years => %(value)s::integer))::date::text

-- name: gender
-- Who has this gender on record.
SELECT subject_id FROM parties_fact
WHERE controller_id = ANY (%(holders)s) AND kind = 'gender' AND superseded_at IS NULL AND value = %(value)s

-- name: postal_code
-- Whose postal code begins so.
SELECT subject_id FROM parties_fact
WHERE controller_id = ANY (%(holders)s) AND kind = 'address.postal_code' AND superseded_at IS NULL AND failed_at IS NULL
  AND starts_with(value, %(value)s)
