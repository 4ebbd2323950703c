package dev.ctstream.bench;

import java.util.List;

/** Who reads the events that are raised. */
public sealed interface Reader {
    /** Under this name it appears in the results. */
    String name();

    /** A collector, cut off behind a stage. */
    record Own(Stage stage) implements Reader {
        @Override
        public String name() {
            return stage.word();
        }
    }

    /**
     * A program that subscribes to NEW and DESTROY and ends with SIGTERM.
     *
     * @param command its path and arguments
     */
    record Program(String name, List<String> command) implements Reader {
        /** Copies the list. */
        public Program {
            command = List.copyOf(command);
        }
    }
}
