-- name: standing
-- One row: the nonce of a card that counts now (issued, not taken back, not past its time, of somebody who is a member
-- today of the controller that issued it), and the salt of the code's half minute; NULL for what is not there. What codes
-- that can be shown no more left is destroyed with it, without waiting for anybody. Within a scope of `membership_card`.
WITH codes AS (
  DELETE FROM membership_shown_code
   WHERE digest IN (SELECT digest FROM membership_shown_code WHERE until <= %(at)s FOR UPDATE SKIP LOCKED)
), salts AS (
  DELETE FROM membership_shown_salt
   WHERE step IN (SELECT step FROM membership_shown_salt WHERE until <= %(at)s FOR UPDATE SKIP LOCKED)
)
SELECT (SELECT c.nonce
          FROM membership_card c
         WHERE c.subject_id = %(subject)s AND c.id = %(card)s
           AND c.revoked_at IS NULL AND c.valid_until > %(at)s AND c.issued_at <= %(at)s + interval '30 seconds'
           AND EXISTS (SELECT FROM parties_relationship r
                        WHERE r.subject_id = c.subject_id AND r.controller_id = c.controller_id AND r.kind = 'member'
                          AND r.started <= %(today)s AND (r.ended IS NULL OR r.ended > %(today)s))),
       (SELECT s.salt FROM membership_shown_salt s WHERE s.step = %(step)s AND s.until > %(at)s);

-- name: show
-- Remember that a code was answered for, and tell whether it counts: the first time, and for the same asker a little while.
INSERT INTO membership_shown_code AS s (digest, by, again, until)
VALUES (%(digest)s, %(by)s, %(again)s, %(until)s)
ON CONFLICT (digest) DO UPDATE SET until = s.until
RETURNING s.by = %(by)s AND %(at)s < s.again;

-- name: salt
-- A salt for the codes of a half minute, where there is none yet.
INSERT INTO membership_shown_salt (step, salt, until) VALUES (%(step)s, %(salt)s, %(until)s) ON CONFLICT DO NOTHING;

-- name: forget_codes
-- What was answered for and can no longer be shown, without waiting for anybody.
DELETE FROM membership_shown_code
 WHERE digest IN (SELECT digest FROM membership_shown_code WHERE until <= %(at)s FOR UPDATE SKIP LOCKED);

-- name: forget_salts
-- The salts of half minutes whose codes can no longer be shown.
DELETE FROM membership_shown_salt
 WHERE step IN (SELECT step FROM membership_shown_salt WHERE until <= %(at)s FOR UPDATE SKIP LOCKED);

-- name: count
-- One more card was issued in the month.
INSERT INTO membership_card_count AS c (controller_id, month, device, issued)
VALUES (%(controller)s, %(month)s, %(device)s, 1)
ON CONFLICT (controller_id, month, device) DO UPDATE SET issued = c.issued + 1;

-- name: faults
-- Cards that outlive what a phone may hold without asking again, and rows of shown codes past their time, by id (B2).
SELECT 'membership_card ' || c.id || ': counts longer than a card may'
  FROM membership_card c
 WHERE c.controller_id = %(controller)s AND c.valid_until - c.issued_at > %(longest)s
UNION ALL
SELECT 'membership_shown_code has ' || a.attname || ', and may hold digests and a time only'
  FROM pg_attribute a
 WHERE a.attrelid = 'membership_shown_code'::regclass AND a.attnum > 0 AND NOT a.attisdropped
   AND a.attname <> ALL ('{digest,by,again,until}')
UNION ALL
SELECT f.what || ': what leads to people is kept after its time'
  FROM (SELECT 'membership_shown_code' AS what, until FROM membership_shown_code
         UNION ALL SELECT 'membership_shown_salt', until FROM membership_shown_salt) f
 WHERE f.until < %(at)s::timestamptz - interval '10 minutes'
 GROUP BY f.what;

-- name: ended
-- A card of the controller that was not taken back and is within its time, of somebody who is no member today.
SELECT c.subject_id, c.id, c.nonce
  FROM membership_card c
 WHERE c.controller_id = %(controller)s AND c.revoked_at IS NULL AND c.valid_until > %(at)s
   AND NOT EXISTS (SELECT FROM parties_relationship r
                    WHERE r.subject_id = c.subject_id AND r.controller_id = c.controller_id AND r.kind = 'member'
                      AND r.started <= %(today)s AND (r.ended IS NULL OR r.ended > %(today)s))
 LIMIT 1;

-- name: counting
-- A card of the controller that counts now, of somebody who is a member today.
SELECT c.subject_id, c.id, c.nonce
  FROM membership_card c
  JOIN parties_relationship r ON r.subject_id = c.subject_id AND r.controller_id = c.controller_id
 WHERE c.controller_id = %(controller)s AND c.revoked_at IS NULL AND c.valid_until > %(at)s AND r.kind = 'member'
   AND r.started <= %(today)s AND (r.ended IS NULL OR r.ended > %(today)s)
 LIMIT 1;
