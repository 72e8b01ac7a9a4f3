# Puts migrations/<backend>/*.sql into the binary, as a C file per backend under the build folder.
# Included by CMakeLists.txt it defines guildhall_embed_migrations(target backend); run with `cmake -P`
# it is the generator itself (OUT: the C file, NAME: of the backend, FILES: separated by '|').

if(NOT CMAKE_SCRIPT_MODE_FILE)
    set(EMBED_MIGRATIONS_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
    function(guildhall_embed_migrations target backend)
        file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/migrations/${backend}/*.sql)
        set(out ${CMAKE_BINARY_DIR}/generated/migrations_${backend}.c)
        list(JOIN files "|" joined)
        add_custom_command(
            OUTPUT ${out}
            COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DNAME=${backend} "-DFILES=${joined}" -P ${EMBED_MIGRATIONS_SCRIPT}
            DEPENDS ${files} ${EMBED_MIGRATIONS_SCRIPT}
            COMMENT "Embedding migrations for ${backend}"
            VERBATIM)
        target_sources(${target} PRIVATE ${out})
    endfunction()
    return()
endif()

string(REPLACE "|" ";" FILES "${FILES}")
list(SORT FILES)
set(arrays "")
set(rows "")
set(number 0)
foreach(path IN LISTS FILES)
    get_filename_component(name ${path} NAME)
    # Bytes, not a string literal: ISO C promises only 4,095 characters of one.
    file(READ ${path} hex HEX)
    string(REGEX REPLACE "(................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " hex "${hex}")
    string(APPEND arrays "static const unsigned char text_${number}[] = {\n${hex}0};\n")
    string(APPEND rows "    {\"${name}\", text_${number}, sizeof text_${number} - 1},\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT} "/* Generated from migrations/${NAME}/ by cmake/EmbedMigrations.cmake. */\n"
    "#include \"store/migrate.h\"\n\n${arrays}\n"
    "const struct migration_file migrations_${NAME}[] = {\n${rows}    {NULL, NULL, 0},\n};\n")
