package dev.ctstream.read;

/**
 * How far reading has come.
 *
 * @param records Kafka records taken
 * @param events events handed over
 * @param undecodable records that could not be decoded
 */
public record ReadCounts(long records, long events, long undecodable) {}
