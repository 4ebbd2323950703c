package dev.ctstream.bench;

import java.nio.file.Path;
import java.util.List;

/** A program that reads the generated events. */
public sealed interface Reader {
    /** Its name in the results. */
    String name();

    /** A collector that stops after a stage. */
    record Own(Stage stage) implements Reader {
        @Override
        public String name() {
            return stage.word();
        }
    }

    /**
     * A program that subscribes to NEW and DESTROY and ends with SIGTERM.
     *
     * @param command its path and arguments; {@link #FOLDER} stands for its own folder
     */
    record Program(String name, List<String> command) implements Reader {
        static final String FOLDER = "{folder}";

        /** The command for a run in this folder. */
        List<String> commandIn(Path folder) {
            return command.stream()
                    .map(word -> word.replace(FOLDER, folder.toString()))
                    .toList();
        }

        /** Copies the list. */
        public Program {
            command = List.copyOf(command);
        }
    }
}
