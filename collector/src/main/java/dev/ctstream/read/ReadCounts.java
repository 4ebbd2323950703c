package dev.ctstream.read;

/**
 * Progress of reading.
 *
 * @param records Kafka records read
 * @param events events passed to the handler
 * @param controlRecords control records passed to the handler
 * @param undecodable records that could not be decoded
 */
public record ReadCounts(long records, long events, long controlRecords, long undecodable) {}
