-- The table of finished flows: the log of translated addresses.
SELECT
  source_address,
  source_port,
  reply_destination_address AS public_address,
  reply_destination_port AS public_port,
  destination_address,
  destination_port,
  event_time AS end_time,
  duration_ns / 1000000000 AS seconds
FROM conntrack_events
WHERE event_type = 'DESTROY' AND nat IN ('source', 'both');
