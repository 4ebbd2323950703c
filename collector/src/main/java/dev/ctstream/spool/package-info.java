/** The first-in-first-out of batches between the receive thread and Kafka. */
@NullMarked
package dev.ctstream.spool;

import org.jspecify.annotations.NullMarked;
