/**
 * The command {@code support-bundle}.
 *
 * <p>In: the configuration, this host's kernel, a running collector's HTTP endpoint, the spool's indexes, a log file. Out:
 * one tar file in which no secret and no address is.
 *
 * <p>Threads: everything runs on the command's thread.
 */
@NullMarked
package dev.ctstream.cli.bundle;

import org.jspecify.annotations.NullMarked;
