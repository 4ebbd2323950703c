/**
 * Checks the topics: whether each stream's sequences are complete or declared as lost, and whether each flow ended.
 *
 * <p>In: decoded events and control records. Out: a report, as text or JSON.
 *
 * <p>Threads: every object here is confined to one thread.
 */
@NullMarked
package dev.ctstream.verify;

import org.jspecify.annotations.NullMarked;
