/**
 * {@code ctstream proof}: keys, records that prove themselves, and the witness. {@code export} and {@code witness} read from
 * Kafka; the others need files alone.
 *
 * <p>Exit code 1 when something is not proven, 2 for wrong options and key files of hosts that cannot be read.
 *
 * <p>Threads: that of the command; signals end {@code witness} on another one.
 */
@NullMarked
package dev.ctstream.cli.proof;

import org.jspecify.annotations.NullMarked;
