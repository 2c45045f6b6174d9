#compdef stan
# zsh completion of stan: commands, their flags, and files elsewhere.
_stan() {
	local -a before=("${(@)words[1,CURRENT-1]}") options
	before[1]=${before[1]/#\~/$HOME}
	if [[ $words[CURRENT] == -* ]]; then
		before+=("$words[CURRENT]")
	elif [[ $before[-1] == -* ]]; then # the value of a flag
		_files
		return
	fi
	options=("${(@f)$("${before[@]}" --generate-bash-completion 2>/dev/null)}")
	if [[ -n $options[1] ]]; then
		compadd -- $options
	else
		_files
	fi
}
compdef _stan stan
