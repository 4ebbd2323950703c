/** The collector, which builds the stages and owns their threads. */
@NullMarked
package dev.ctstream;

import org.jspecify.annotations.NullMarked;
