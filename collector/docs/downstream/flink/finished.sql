-- The table of finished flows (events=destroy, record.layout=event): bytes by source and minute of the end.
SELECT
  window_start,
  source_address,
  COUNT(*) AS flows,
  SUM(bytes_original) AS bytes_out,
  SUM(bytes_reply) AS bytes_in
FROM TABLE(TUMBLE(TABLE conntrack_events, DESCRIPTOR(row_time), INTERVAL '1' MINUTE))
WHERE event_type = 'DESTROY'
GROUP BY window_start, window_end, source_address;
