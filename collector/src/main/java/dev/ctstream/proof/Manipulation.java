package dev.ctstream.proof;

import java.util.Locale;

/** What somebody has done to a log, as it looks. */
public enum Manipulation {
    /** A record is another one than its host has signed. */
    CHANGED,
    /** A record is missing that its host has signed, and that it has not given up. */
    REMOVED,
    /** A record was added that the host has not written, or not there. */
    INSERTED,
    /** A record stands before one that was written before it. */
    MOVED,
    /** Two roots of one log do not go together. */
    FORKED,
    /** A checkpoint is signed by another key than the host's. */
    RESIGNED,
    /** Records of another run or host are shown as those of this one. */
    REPLAYED,
    /** The end of a log, up to a checkpoint that is known from elsewhere, is missing. */
    CUT;

    /** In lower case. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
