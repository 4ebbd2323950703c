-- Who had this address and port at this time, on either side of a translation? Finds flows that have ended since.
-- `ctstream lookup` also finds those that live, and says whether the log is complete.
SELECT
  host_id,
  ct_zone,
  protocol,
  source_address,
  source_port,
  destination_address,
  destination_port,
  reply_destination_address,
  reply_destination_port,
  TIMESTAMPADD(SECOND, -CAST(duration_ns / 1000000000 AS INT), event_time) AS begin_time,
  event_time AS end_time
FROM conntrack_events
WHERE event_type = 'DESTROY'
  AND ((source_address = '${ADDRESS}' AND source_port = ${PORT})
    OR (destination_address = '${ADDRESS}' AND destination_port = ${PORT})
    OR (reply_source_address = '${ADDRESS}' AND reply_source_port = ${PORT})
    OR (reply_destination_address = '${ADDRESS}' AND reply_destination_port = ${PORT}))
  AND event_time >= TIMESTAMP '${AT}'
  AND TIMESTAMPADD(SECOND, -CAST(duration_ns / 1000000000 AS INT), event_time) <= TIMESTAMP '${AT}';
