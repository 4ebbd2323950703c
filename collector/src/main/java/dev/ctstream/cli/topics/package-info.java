/**
 * The commands {@code topics plan} and {@code topics apply}.
 *
 * <p>In: a fleet that is described by options or a file, or this host as it is. Out: the plan as text, JSON or resources of
 * Strimzi; topics that are created or widened.
 *
 * <p>Threads: everything runs on the command's thread.
 */
@NullMarked
package dev.ctstream.cli.topics;

import org.jspecify.annotations.NullMarked;
