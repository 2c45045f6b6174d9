# bash completion of stan: commands, their flags, and files elsewhere.
_stan() {
	local current=${COMP_WORDS[COMP_CWORD]} before=("${COMP_WORDS[@]:0:COMP_CWORD}")
	COMPREPLY=()
	before[0]=${before[0]/#\~/$HOME}
	if [[ $current == -* ]]; then
		before+=("$current")
	elif [[ ${before[-1]} == -* ]]; then # the value of a flag
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$("${before[@]}" --generate-bash-completion 2>/dev/null)" -- "$current")
}
complete -o bashdefault -o default -F _stan stan
