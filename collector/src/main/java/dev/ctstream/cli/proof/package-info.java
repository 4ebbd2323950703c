/** {@code ctstream proof}: keys, and records that prove themselves. */
@NullMarked
package dev.ctstream.cli.proof;

import org.jspecify.annotations.NullMarked;
