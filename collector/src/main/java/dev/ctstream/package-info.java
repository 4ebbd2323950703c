/** The collector: builds the stages, owns the threads. */
@NullMarked
package dev.ctstream;

import org.jspecify.annotations.NullMarked;
