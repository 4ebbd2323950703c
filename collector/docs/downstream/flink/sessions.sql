-- Each finished flow with its begin, joined by stream and begin_sequence. A begin is kept for a day.
SELECT
  b.host_id,
  b.ct_zone,
  b.event_type AS opened_by,
  b.source_address,
  b.source_port,
  b.destination_address,
  b.destination_port,
  b.event_time AS begin_time,
  e.event_time AS end_time,
  e.bytes_original,
  e.bytes_reply,
  e.end_reason
FROM conntrack_events AS b
JOIN conntrack_events AS e
  ON e.host_id = b.host_id
  AND e.boot_id = b.boot_id
  AND e.stream_epoch = b.stream_epoch
  AND e.netns_id = b.netns_id
  AND e.ct_zone = b.ct_zone
  AND e.begin_sequence = b.`sequence`
WHERE b.event_type IN ('NEW', 'EXISTING')
  AND e.event_type = 'DESTROY'
  AND e.row_time BETWEEN b.row_time AND b.row_time + INTERVAL '1' DAY;
