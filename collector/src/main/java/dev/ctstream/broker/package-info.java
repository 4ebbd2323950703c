/**
 * A Kafka broker in its own JVM, for the demo, for {@code run --embedded-kafka} and for tests.
 *
 * <p>In: a port, a data directory and broker properties. Out: the broker's address.
 *
 * <p>Threads: {@link dev.ctstream.broker.EmbeddedBroker} may be used by any thread. The broker's own threads live in
 * the child JVM.
 */
@NullMarked
package dev.ctstream.broker;

import org.jspecify.annotations.NullMarked;
