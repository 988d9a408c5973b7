# Write the schema files FOLDER/<engine>/NNNN_name.sql into the C file OUT.
# They become arrays of bytes: a string literal may not be as long.
file(GLOB engines LIST_DIRECTORIES true RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT engines)
set(text "#include <stddef.h>\n\n#include \"migrate.h\"\n")
string(APPEND text "#include \"migrate_private.h\"\n")
set(table "")
foreach(engine ${engines})
	file(GLOB files ${FOLDER}/${engine}/[0-9][0-9][0-9][0-9]_*.sql)
	list(SORT files)
	if(NOT files)
		continue()
	endif()
	set(rows "")
	foreach(file ${files})
		get_filename_component(name ${file} NAME_WE)
		string(MAKE_C_IDENTIFIER "sql_${engine}_${name}" symbol)
		# "0001" would be octal in C.
		string(REGEX REPLACE "^0*([0-9]+)_.*$" "\\1" number ${name})
		file(READ ${file} hex HEX)
		string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
		if(bytes MATCHES "0x[89a-f]")
			message(FATAL_ERROR "${file}: not plain ASCII")
		endif()
		string(REGEX REPLACE
			"(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)"
			"\\1\n\t" bytes "${bytes}")
		string(APPEND text
			"\nstatic const char ${symbol}[] = {\n\t${bytes}0x00\n};\n")
		string(APPEND rows
			"\t{ ${number}, \"${name}\", ${symbol} },\n")
	endforeach()
	string(APPEND text "\nstatic const struct schema_file files_${engine}[] = {
${rows}\t{ 0, NULL, NULL }\n};\n")
	string(APPEND table "\t{ \"${engine}\", files_${engine} },\n")
endforeach()
string(APPEND text "\nconst struct schema_engine schema_engines[] = {
${table}\t{ NULL, NULL }\n};\n")
file(WRITE ${OUT} "${text}")
