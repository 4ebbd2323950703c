package dev.ctstream.cli;

/** What the process's exit code says. */
final class ExitCode {
    static final int OK = 0;
    static final int FAILURE = 1;
    /** Wrong options or configuration; nothing was begun. */
    static final int USAGE = 2;
    /** No CAP_NET_ADMIN, or a kernel without ctnetlink. */
    static final int PRIVILEGE = 3;

    private ExitCode() {}
}
