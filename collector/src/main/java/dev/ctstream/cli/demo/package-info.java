/**
 * The command {@code demo}: traffic in a private network namespace, a collector, a broker, and a consumer of the
 * events.
 *
 * <p>In: options. Out: events as text, and a report.
 *
 * <p>Threads: traffic and consumer have their own threads; the rest runs on the command's thread.
 */
@NullMarked
package dev.ctstream.cli.demo;

import org.jspecify.annotations.NullMarked;
